"""Faults of the processes themselves."""

import time
from random import Random

import psutil

from tests.faults.fault import Bench
from tests.faults.observations import Outcome, Window
from tests.faults.writer_target import sleep_until

LONGEST = 0.15
"""A kill comes so many seconds after the first answer at most: in every part of a commit."""
WAIT_SECONDS = 120


def kill_writer(bench: Bench, rng: Random) -> Window:
    """SIGKILL to the writer at any moment; whoever runs it starts another."""
    sleep_until(time.monotonic() + rng.uniform(0, LONGEST))
    bench.target.kill()
    at = time.monotonic()
    bench.target.start()
    return Window(at, at)


def kill_worker(bench: Bench, rng: Random) -> Window:
    """SIGKILL to the process that answers, under load; BentoML starts another."""
    sleep_until(time.monotonic() + rng.uniform(0, LONGEST))
    bench.target.worker().kill()
    at = time.monotonic()
    return Window(at, at)


def kill_parent(bench: Bench, rng: Random) -> Window:
    """SIGKILL to BentoML, under load; its worker and `triage serve` end, and are started again.

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
    """SIGTERM with requests in flight: it ends by itself, with exit code 0."""
    sleep_until(time.monotonic() + rng.uniform(0, LONGEST))
    code = bench.target.terminate()
    if code != 0:
        raise RuntimeError(f"after SIGTERM the exit code was {code}, not 0")
    at = time.monotonic()
    bench.target.start()
    return Window(at, at)


def two_replicas(bench: Bench, rng: Random) -> Window:
    """One of two is killed; the other goes on, and the killed one comes back."""
    sleep_until(time.monotonic() + rng.uniform(0, LONGEST))
    struck, other = bench.targets = rng.sample(list(bench.targets), 2)
    struck.kill()
    at = time.monotonic()
    if other.answers.first(Outcome.ACKNOWLEDGED, at, WAIT_SECONDS) is None:
        raise RuntimeError("one replica was killed, and the other no longer answers")
    struck.start()
    return Window(at, at)


def duplicates(bench: Bench, rng: Random) -> Window:
    """Nothing but that everything comes twice at once, and again later."""
    sleep_until(time.monotonic() + rng.uniform(0, 4 * LONGEST))
    at = time.monotonic()
    return Window(at, at)
