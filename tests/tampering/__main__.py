"""Tamper with a record many times and count what verification sees.

    python -m tests.tampering --mutations 10000 --json .triage/tampering.jsonl

Ends with 1 if anything was not found at its place. A run that was stopped goes on where its
file ends.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from tests.tampering.mutation_counts import MutationCounts, ResultJournal
from tests.tampering.mutations import Outcome, batch_of

AT_ONCE = 100


def main() -> int:
    """Run the mutations and return the exit code."""
    options = arguments()
    tally, began = MutationCounts(), time.monotonic()
    journal = ResultJournal(options.json) if options.json else None
    done = journal.read(options.seed) if journal else []
    for outcome in done:
        tally.add(outcome)
    numbers = range(len(done), options.mutations)
    if options.only is not None:
        numbers = range(options.only, options.only + 1)
    for outcomes in in_batches(options.seed, numbers, options.workers):
        for outcome in outcomes:
            tally.add(outcome)
        if journal and options.only is None:
            journal.write(outcomes)
        sys.stderr.write(f"{tally.total} done, {len(tally.failed)} failed\n")
    sys.stdout.writelines(f"{line}\n" for line in tally.lines(options.seed))
    sys.stdout.write(f"{time.monotonic() - began:.0f} s\n")
    return 1 if tally.failed else 0


def in_batches(seed: int, numbers: range, workers: int) -> Iterator[list[Outcome]]:
    """Yield batches of outcomes, in order."""
    batches = [numbers[i : i + AT_ONCE] for i in range(0, len(numbers), AT_ONCE)]
    if workers <= 1 or len(batches) <= 1:
        yield from (batch_of(seed, batch) for batch in batches)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context) as pool:
        yield from pool.map(partial(batch_of, seed), batches)


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.tampering", description=__doc__)
    parser.add_argument("--mutations", type=int, default=10_000, help="how many; 10000")
    parser.add_argument("--seed", type=int, default=1, help="which ones; 1")
    parser.add_argument("--only", type=int, help="repeat the one mutation of that number")
    parser.add_argument("--workers", type=int, default=2, help="processes; 2")
    parser.add_argument("--json", type=Path, help="file of outcomes, to go on from")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
