"""A long run: latency of the slowest answers, and objects retained after many requests.

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
"""Milliseconds above which an answer counts as delayed."""
MEGABYTE = 2**20
TENTHS = 10


def minutes(target: Target, a_second: float, count: int) -> Iterator[list[float]]:
    """Yield, for each minute, the latencies in milliseconds, ascending."""
    for _ in range(count):
        yield paced(target, a_second, MINUTE)


def line(name: str, took: list[float]) -> str:
    """Return a row of the table from ascending latencies."""
    late = sum(one > PAUSE for one in took)
    middle, slow = took[len(took) // 2], took[int(len(took) * 0.99)]
    return (
        f"| {name} | {len(took):,} | {middle:.1f} | {slow:.1f} | {took[-1]:.1f} | {late}"
        f" | {_megabytes():.0f} |"
    )


def _megabytes() -> float:
    """Return the memory of all processes of the service."""
    every = psutil.Process().children(recursive=True)
    return sum(one.memory_info().rss for one in every) / MEGABYTE


def main() -> None:
    """Run the load and print one line per minute."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--minutes", type=int, default=60)
    arguments.add_argument("--requests", type=int, default=50_000)
    arguments.add_argument("--workers", type=int, default=1)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as home:
        of = scene(Path(home), TREES, LEAVES)
        with ours(of, options.workers) as opened:
            target = of.asking(opened.port, Explain.ALL)
            rate(target, CONNECTIONS, 2)
            a_second = rate(target, CONNECTIONS, 5) / 5
            print(f"{a_second:.0f} a second, a fifth of what {CONNECTIONS} connections reach\n")
            print("| minute | answers | p50 ms | p99 ms | longest ms | over 50 ms | MB |")
            print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
            every: list[float] = []
            for i, took in enumerate(minutes(target, a_second, options.minutes)):
                print(line(str(i + 1), took), flush=True)
                every += took
            print(line("all", sorted(every)))
        with service(Path(home) / "held") as app:
            held = retained_objects_after(app, [options.requests // TENTHS] * TENTHS)
    print(f"\nobjects after every tenth of {options.requests:,} requests: {held}")


if __name__ == "__main__":
    main()
