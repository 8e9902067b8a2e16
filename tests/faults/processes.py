"""Faults of the processes themselves."""

import time
from random import Random

import psutil

from tests.faults.fault import Bench
from tests.faults.observations import Outcome, Window
from tests.faults.writer_target import sleep_until

LONGEST = 0.15
"""Longest delay of a kill in seconds, so that kills fall into every part of a commit."""
WAIT_SECONDS = 120


def kill_writer(bench: Bench, rng: Random) -> Window:
    """Kill the writer at a random moment and start another."""
    sleep_until(time.monotonic() + rng.uniform(0, LONGEST))
    bench.target.kill()
    at = time.monotonic()
    bench.target.start()
    return Window(at, at)


def kill_worker(bench: Bench, rng: Random) -> Window:
    """Kill the worker under load; BentoML starts another."""
    sleep_until(time.monotonic() + rng.uniform(0, LONGEST))
    bench.target.worker().kill()
    at = time.monotonic()
    return Window(at, at)


def kill_parent(bench: Bench, rng: Random) -> Window:
    """Kill BentoML under load; its worker and `triage serve` end and are started again.

    They are started again as systemd, compose or Kubernetes do it: because the command failed.
    """
    parent, worker = bench.target.parent(), bench.target.worker()
    sleep_until(time.monotonic() + rng.uniform(0.2, 1))
    parent.kill()
    at = time.monotonic()
    if psutil.wait_procs([worker], WAIT_SECONDS)[1]:
        raise RuntimeError(f"worker {worker.pid} outlived its parent")
    if bench.target.exit_code() == 0:
        raise RuntimeError("BentoML was killed, and `triage serve` ended as if all were well")
    bench.target.start()
    return Window(at, time.monotonic(), struck=at)


def sigterm(bench: Bench, rng: Random) -> Window:
    """Send SIGTERM with requests in flight; the target must end with exit code 0."""
    sleep_until(time.monotonic() + rng.uniform(0, LONGEST))
    code = bench.target.terminate()
    if code != 0:
        raise RuntimeError(f"after SIGTERM the exit code was {code}, not 0")
    at = time.monotonic()
    bench.target.start()
    return Window(at, at)


def two_replicas(bench: Bench, rng: Random) -> Window:
    """Kill one of two replicas; the other goes on, and the killed one starts again."""
    sleep_until(time.monotonic() + rng.uniform(0, LONGEST))
    struck, other = bench.targets = rng.sample(list(bench.targets), 2)
    struck.kill()
    at = time.monotonic()
    if other.answers.first(Outcome.ACKNOWLEDGED, at, WAIT_SECONDS) is None:
        raise RuntimeError("one replica was killed, and the other no longer answers")
    struck.start()
    return Window(at, at)


def duplicates(bench: Bench, rng: Random) -> Window:
    """Strike nothing: the fault is that each request is sent twice at once and again later."""
    sleep_until(time.monotonic() + rng.uniform(0, 4 * LONGEST))
    at = time.monotonic()
    return Window(at, at)
