"""Coroutines in tests: from a browser's first test on a loop runs in the main thread."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Made = TypeVar("Made")
LONG = 300.0


def ended(work: Callable[[], Coroutine[Any, Any, Made]], seconds: float = LONG) -> Made:
    """What a coroutine gives, on a loop and a thread of its own, within so many seconds."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result(seconds)
