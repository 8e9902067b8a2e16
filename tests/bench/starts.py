"""Cold starts: seconds to the first answer, and unshared memory in megabytes."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, suppress

import psutil

from tests.bench.load import Connection, Target

MEGABYTE = 2**20


def start(server: AbstractContextManager[Target]) -> tuple[float, float]:
    """Return the seconds to the first answer, and the megabytes of all processes then."""
    mine, began = psutil.Process(), time.perf_counter()
    before = set(mine.children(recursive=True))
    with server as target:
        with Connection(target) as connection:
            connection.ask()
        took = time.perf_counter() - began
        held = sum(_held(one) for one in mine.children(recursive=True) if one not in before)
    return took, held


def _held(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        return float(process.memory_full_info().uss) / MEGABYTE
    return 0.0
