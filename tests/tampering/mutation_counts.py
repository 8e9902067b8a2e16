"""What came of many mutations, counted by attack, and kept so that a run can go on."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.tampering.mutations import Outcome, Result


@dataclass
class MutationCounts:
    """Counts by attack, and every mutation that was not found where it is."""

    counts: dict[str, Counter[Result]] = field(default_factory=lambda: defaultdict(Counter))
    failed: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count one more."""
        self.counts[outcome.attack][outcome.result] += 1
        if outcome.result is not Result.DETECTED:
            self.failed.append(outcome)

    @property
    def total(self) -> int:
        """Mutations counted."""
        return sum(counts.total() for counts in self.counts.values())

    def of(self, *results: Result) -> int:
        """Mutations with one of the results."""
        return sum(counts[result] for counts in self.counts.values() for result in results)

    def lines(self, seed: int) -> Iterator[str]:
        """As people read it: a row an attack, the sum, and how to repeat what failed."""
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
    """Outcomes in a file, one JSON line each, the seed in the first."""

    path: Path

    def read(self, seed: int) -> list[Outcome]:
        """The outcomes so far; none if there is no file.

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
        """Put more at the end."""
        with self.path.open("a") as file:
            file.writelines(json.dumps(one.as_json()) + "\n" for one in outcomes)
