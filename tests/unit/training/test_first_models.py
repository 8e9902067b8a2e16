"""Training side by side leaves nothing behind when it is interrupted."""

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import active_children, get_context

import pytest

from training.first_models import unless_interrupted


def interrupted():
    with ProcessPoolExecutor(1, get_context("spawn")) as pool, unless_interrupted(pool):
        pool.submit(time.sleep, 0).result()  # the worker is there
        pool.submit(time.sleep, 60)
        raise KeyboardInterrupt


def test_an_interruption_ends_the_workers_at_once():
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - started < 30
    assert not active_children()
