"""A long run: how long the slowest answer takes, and what is still held after many.

At a fifth of what the service reaches, minute after minute; an answer is timed from when it was
due. Then objects in memory after every tenth of so many requests, in one process.

    python -m tests.bench.long_run [--minutes 60] [--requests 50000] [--workers 1]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from serving.tasks.messages import Explain
from tests.bench.load import Target, paced, rate
from tests.bench.peers import ours
from tests.bench.retained_objects import retained_objects_after, service
from tests.bench.scene import LEAVES, TREES, scene
from tests.bench.serving import CONNECTIONS

MINUTE = 60.0
PAUSE = 50.0
"""Milliseconds from which an answer was kept waiting by something."""
MEGABYTE = 2**20
TENTHS = 10


def minutes(target: Target, a_second: float, count: int) -> Iterator[list[float]]:
    """Milliseconds of each answer, rising, minute by minute."""
    for _ in range(count):
        yield paced(target, a_second, MINUTE)


def line(name: str, took: list[float]) -> str:
    """A row of the table. took: rising."""
    late = sum(one > PAUSE for one in took)
    middle, slow = took[len(took) // 2], took[int(len(took) * 0.99)]
    return (
        f"| {name} | {len(took):,} | {middle:.1f} | {slow:.1f} | {took[-1]:.1f} | {late}"
        f" | {_megabytes():.0f} |"
    )


def _megabytes() -> float:
    """Of all processes of the service."""
    every = psutil.Process().children(recursive=True)
    return sum(one.memory_info().rss for one in every) / MEGABYTE


def main() -> None:
    """Run, and print a line a minute."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--minutes", type=int, default=60)
    arguments.add_argument("--requests", type=int, default=50_000)
    arguments.add_argument("--workers", type=int, default=1)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as home:
        of = scene(Path(home), TREES, LEAVES)
        with ours(of, given.workers) as opened:
            target = of.asking(opened.port, Explain.ALL)
            rate(target, CONNECTIONS, 2)
            a_second = rate(target, CONNECTIONS, 5) / 5
            print(f"{a_second:.0f} a second, a fifth of what {CONNECTIONS} connections reach\n")
            print("| minute | answers | p50 ms | p99 ms | longest ms | over 50 ms | MB |")
            print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
            every: list[float] = []
            for i, took in enumerate(minutes(target, a_second, given.minutes)):
                print(line(str(i + 1), took), flush=True)
                every += took
            print(line("all", sorted(every)))
        with service(Path(home) / "held") as express:
            held = retained_objects_after(express, [given.requests // TENTHS] * TENTHS)
    print(f"\nobjects after every tenth of {given.requests:,} requests: {held}")


if __name__ == "__main__":
    main()
