"""Result of one check of an extract, as a sentence with its first rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data.sources.extracts.check_policy import Check

MOST_EXAMPLES = 3


@dataclass(frozen=True)
class CheckResult:
    """Result of a check.

    Attributes:
        found: something is implausible; None where the extract has not what the check needs.
        sentence: what was compared, and how it came out.
        examples: the first rows that are implausible.
    """

    check: Check
    found: bool | None
    sentence: str
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the sentence with its examples."""
        return f"{self.sentence}: {'; '.join(self.examples)}" if self.examples else self.sentence


def not_applicable(check: Check, why: str) -> CheckResult:
    """Return the result of a check that the extract has not the tables for."""
    return CheckResult(check, None, f"not checked: {why}")


def first(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the examples that are shown."""
    return tuple(texts[:MOST_EXAMPLES])


def share_text(part: int, whole: int) -> str:
    """Return a count with its whole and share: 12 of 1,800 (0.7 %)."""
    return f"{part:,} of {whole:,} ({100 * part / max(whole, 1):.1f} %)"
