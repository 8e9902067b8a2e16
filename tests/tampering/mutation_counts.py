"""Counts of mutation outcomes by attack, and a journal from which a run resumes."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.tampering.mutations import Outcome, Result


@dataclass
class MutationCounts:
    """Outcome counts by attack, and every mutation that was not detected at its place."""

    counts: dict[str, Counter[Result]] = field(default_factory=lambda: defaultdict(Counter))
    failed: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count an outcome."""
        self.counts[outcome.attack][outcome.result] += 1
        if outcome.result is not Result.DETECTED:
            self.failed.append(outcome)

    @property
    def total(self) -> int:
        """Number of mutations counted."""
        return sum(counts.total() for counts in self.counts.values())

    def of(self, *results: Result) -> int:
        """Return the number of mutations with one of the results."""
        return sum(counts[result] for counts in self.counts.values() for result in results)

    def lines(self, seed: int) -> Iterator[str]:
        """Yield the report: a row per attack, the total, and how to repeat each failure."""
        width = max(map(len, self.counts), default=0)
        yield f"{'attack':{width}}  {'  '.join(Result)}"
        for name, counts in sorted(self.counts.items()):
            yield f"{name:{width}}  {'  '.join(f'{counts[r]:{len(r)}}' for r in Result)}"
        seen = self.of(Result.DETECTED, Result.MISPLACED)
        yield (
            f"{self.total} mutations of {len(self.counts)} attacks: {seen} detected, "
            f"{self.of(Result.DETECTED)} at the right place"
        )
        for one in self.failed:
            yield (
                f"{one.result}: {one.attack}: expected {one.expected}; found {one.found}; "
                f"repeat: python -m tests.tampering --seed {seed} --only {one.number}"
            )


@dataclass(frozen=True)
class ResultJournal:
    """File of outcomes, one JSON line each; the first line holds the seed."""

    path: Path

    def read(self, seed: int) -> list[Outcome]:
        """Return the outcomes so far, an empty list if there is no file.

        Raises:
            ValueError: the file is of another seed.
        """
        if not self.path.exists():
            self.path.write_text(json.dumps({"seed": seed}) + "\n")
            return []
        first, *rest = self.path.read_text().splitlines()
        if json.loads(first) != {"seed": seed}:
            raise ValueError(f"{self.path} holds {first}; this run has the seed {seed}")
        kept = [json.loads(line) for line in rest]
        return [Outcome(**one | {"result": Result(one["result"])}) for one in kept]

    def write(self, outcomes: Iterable[Outcome]) -> None:
        """Append outcomes."""
        with self.path.open("a") as file:
            file.writelines(json.dumps(one.as_json()) + "\n" for one in outcomes)
