"""Run coroutines in tests.

Playwright keeps a loop running in the main thread from its first test on, so they take another.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")
TIMEOUT_SECONDS = 300.0


def run_coroutine(
    work: Callable[[], Coroutine[Any, Any, Result]], seconds: float = TIMEOUT_SECONDS
) -> Result:
    """Return the result of a coroutine that runs on a loop and thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result(seconds)
