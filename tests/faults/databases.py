"""Faults of the database that stores the record."""

import os
import sqlite3
import stat
import time
from collections.abc import Sequence
from contextlib import closing
from random import Random

from tests.faults.fault import Bench
from tests.faults.observations import Outcome, Window
from tests.faults.writer_target import sleep_until

REFUSED_SECONDS = 60
LOCKED_SECONDS = 12
"""Longer than a writer waits for its turn (serving.audit.log.database.SQLITE_WAIT_SECONDS)."""


def postgres_kill(bench: Bench, rng: Random) -> Window:
    """Kill the postmaster with SIGKILL and start a new one."""
    sleep_until(time.monotonic() + rng.uniform(0, 0.15))
    at = time.monotonic()
    bench.place.cluster.kill()
    bench.place.cluster.start()
    return Window(at, time.monotonic())


def postgres_restart(bench: Bench, rng: Random) -> Window:
    """Restart the cluster, orderly or as after a crash."""
    sleep_until(time.monotonic() + rng.uniform(0, 0.15))
    at = time.monotonic()
    bench.place.cluster.stop(rng.choice(["fast", "immediate"]))
    bench.place.cluster.start()
    return Window(at, time.monotonic())


def postgres_away(bench: Bench, rng: Random) -> Window:
    """Stop the cluster for a while; nothing may be answered meanwhile."""
    bench.place.cluster.stop(rng.choice(["fast", "immediate"]))
    at = time.monotonic()
    _refused(bench, at)
    sleep_until(at + bench.away)
    end = time.monotonic()
    bench.place.cluster.start()
    return Window(at, end, refuses=True, closed=True)


def sqlite_locked(bench: Bench, _: Random) -> Window:
    """Lock the file in another connection for longer than a writer waits."""
    with closing(sqlite3.connect(bench.place.file, 30, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        at = time.monotonic()
        _refused(bench, at)
        sleep_until(at + LOCKED_SECONDS)
        end = time.monotonic()
        other.execute("ROLLBACK")
    return Window(at, end, refuses=True, closed=True)


def sqlite_read_only(bench: Bench, _: Random) -> Window:
    """Remove write permission from files and folder, then restore it."""
    every = [bench.place.record, *bench.place.record.iterdir()]
    before = [(path, stat.S_IMODE(path.stat().st_mode)) for path in every]
    for path, mode in before:
        path.chmod(mode & ~0o222)
    at = time.monotonic()
    try:
        _refused(bench, at)
        sleep_until(at + bench.away)
    finally:
        end = time.monotonic()
        for path, mode in before:
            path.chmod(mode)
    return Window(at, end, refuses=True)


def disk_full(bench: Bench, _: Random) -> Window:
    """Let the record grow until the disk is full, then make room."""
    at = time.monotonic()
    _refused(bench, at)
    sleep_until(time.monotonic() + bench.away)
    bench.place.enlarge()
    return Window(at, time.monotonic(), refuses=True)


def _refused(bench: Bench, since: float) -> None:
    """Wait until a request is refused, which shows that the fault struck."""
    if bench.target.answers.first(Outcome.REFUSED, since, REFUSED_SECONDS) is None:
        raise RuntimeError("the store is away and nobody is refused")


def without_privilege() -> Sequence[str]:
    """Return the command prefix that drops root's right to write to any file."""
    return ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
