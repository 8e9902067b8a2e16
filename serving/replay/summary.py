"""Summarise a replay: counts, differences and obstacles, as text and JSON, with an exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from serving.replay.recorded_answer import UNKNOWN_CODE_VERSION, ReplayObstacleKind
from serving.replay.replay import ReplayOutcome
from serving.runtime.context import release_of

MAX_SHOWN = 5
MAX_VALUE_LENGTH = 200  # characters of a value that differs
HOW_TO_REPLAY = (
    "; to give them again, install exception_triage-{release}-py3-none-any.whl in an environment "
    "of its own and run its `triage audit replay` on this lake"
)
EXIT_SAME, EXIT_DIFFERENT, EXIT_CANNOT = 0, 1, 2


@dataclass
class ReplaySummary:
    """Counts of a replay. code: version of the code that replays.

    different, obstacles: of each entry its sequence, id, task and what was found.
    releases: answers by the release that gave them.
    other_code: answers by the code version that gave them, where that is another one.
    """

    code: str
    identical: Counter[str] = field(default_factory=Counter)
    different: list[dict[str, Any]] = field(default_factory=list)
    obstacles: list[dict[str, Any]] = field(default_factory=list)
    releases: Counter[str] = field(default_factory=Counter)
    other_code: Counter[str] = field(default_factory=Counter)

    def add(self, outcomes: Iterable[ReplayOutcome]) -> None:
        """Add outcomes to the counts."""
        for outcome in outcomes:
            envelope = outcome.entry.envelope
            named = {"sequence": envelope.sequence, "id": envelope.id, "task": envelope.task}
            self._count_code(outcome.code)
            if outcome.obstacle is not None:
                self.obstacles.append(named | vars(outcome.obstacle))
            elif outcome.difference is not None:
                self.different.append(named | vars(outcome.difference) | {"code": outcome.code})
            else:
                self.identical[envelope.task] += 1

    def _count_code(self, code: str) -> None:
        if code == UNKNOWN_CODE_VERSION:
            return
        self.releases[release_of(code)] += 1
        if code != self.code:
            self.other_code[code] += 1

    @property
    def replayed(self) -> int:
        """Number of answers that were recomputed, identical or not."""
        return self.identical.total() + len(self.different)

    @property
    def reasons(self) -> Counter[ReplayObstacleKind]:
        """Number of answers that were not replayed, by obstacle."""
        return Counter(one["reason"] for one in self.obstacles)

    @property
    def exit_code(self) -> int:
        """0: all are identical; 1: one differs; 2: one could not be replayed, or none was.

        Permanent obstacles, such as an erased entry, do not count as failures.
        """
        if self.different:
            return EXIT_DIFFERENT
        failed = any(not ReplayObstacleKind(reason).permanent for reason in self.reasons)
        return EXIT_CANNOT if failed or not self.replayed else EXIT_SAME

    def lines(self) -> Iterable[str]:
        """Yield the summary as sentences."""
        noun = "answer" if self.replayed == 1 else "answers"
        yield (
            f"{self.replayed:,} {noun} given again from the record: "
            f"{self.identical.total():,} identical to the bit, {len(self.different):,} different"
        )
        for task, count in sorted(self.identical.items()):
            yield f"  {task}: {count:,} identical"
        for one in self.different[:MAX_SHOWN]:
            yield f"  entry {one['sequence']} ({one['id']}) differs at {_difference_words(one)}"
        if len(self.different) > MAX_SHOWN:
            yield f"  and {len(self.different) - MAX_SHOWN:,} more; --json lists them all"
        for reason, count in self.reasons.most_common():
            first = next(one for one in self.obstacles if one["reason"] is reason)
            yield f"{count:,} not replayed ({reason}): {first['why']}"
        for release, count in sorted(self.releases.items()):
            own = "" if release == release_of(self.code) else HOW_TO_REPLAY.format(release=release)
            yield f"answered by release {release}: {count:,}{own}"
        if self.other_code:
            versions = ", ".join(f"{count:,} by {code}" for code, count in self.other_code.items())
            yield f"answered by other code than replays them ({self.code}): {versions}"

    def as_json(self) -> dict[str, Any]:
        """Return the summary as plain values."""
        return {
            "replayed": self.replayed,
            "identical": dict(sorted(self.identical.items())),
            "different": self.different,
            "not_replayed": dict(self.reasons),
            "not_replayed_entries": self.obstacles,
            "code": self.code,
            "releases": dict(sorted(self.releases.items())),
            "other_code": dict(self.other_code),
            "exit_code": self.exit_code,
        }


def _difference_words(one: dict[str, Any]) -> str:
    values = [_shorten_value(one[side]) for side in ("recorded", "recomputed")]
    return f"{one['path']}: recorded {values[0]}, now {values[1]}"


def _shorten_value(text: str) -> str:
    return text if len(text) <= MAX_VALUE_LENGTH else f"{text[:MAX_VALUE_LENGTH]}..."
