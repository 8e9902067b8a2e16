"""Training side by side leaves nothing behind when it is interrupted."""

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import active_children, get_context
from multiprocessing.connection import wait

import pytest

from training.process_pool import terminate_workers_on_error


def interrupted(workers):
    with ProcessPoolExecutor(1, get_context("spawn")) as pool, terminate_workers_on_error(pool):
        pool.submit(time.sleep, 0).result()  # the worker is there
        workers += active_children()
        pool.submit(time.sleep, 60)
        raise KeyboardInterrupt


def test_an_interruption_ends_the_workers_at_once():
    workers, started = [], time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted(workers)
    assert time.monotonic() - started < 30  # their work takes longer
    # Asked of the system: the pool's own thread may have the worker's end, and not yet told it.
    sentinels = [worker.sentinel for worker in workers]
    assert sentinels
    assert set(wait(sentinels, timeout=0)) == set(sentinels)
