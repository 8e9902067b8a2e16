"""Coroutines in tests: from a browser's first test on a loop runs in the main thread."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")
TIMEOUT_SECONDS = 300.0


def run_coroutine(
    work: Callable[[], Coroutine[Any, Any, Result]], seconds: float = TIMEOUT_SECONDS
) -> Result:
    """What a coroutine gives, on a loop and a thread of its own, within so many seconds."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result(seconds)
