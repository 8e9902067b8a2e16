"""End the workers of a process pool when its block is interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children

GRACE_SECONDS = 5


@contextmanager
def terminate_workers_on_error(pool: ProcessPoolExecutor) -> Iterator[None]:
    """End the workers at once when the block does not run to its end, Ctrl-C included."""
    try:
        yield
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in active_children():
            worker.terminate()
            worker.join(GRACE_SECONDS)
        raise
