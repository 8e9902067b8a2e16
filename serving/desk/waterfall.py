"""The waterfall of a report: bars whose printed numbers add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.explain import OTHERS

TENTHS = 1000  # tenths of a percentage point in a probability of one
MOST_BARS = 8
VISIBLE = 0.5  # tenths of a point: what would be printed as 0.0 is not a bar of its own


@dataclass(frozen=True)
class Bar:
    """One bar. start, end: probabilities. tenths: printed change in tenths of a point."""

    sentence: str
    start: float
    end: float
    tenths: int

    @property
    def printed(self) -> str:
        """The change as it is printed, e.g. `+12.3`."""
        return f"{self.tenths / 10:+.1f}"

    @property
    def left(self) -> float:
        """Left edge, in percent of the width."""
        return 100 * min(self.start, self.end)

    @property
    def width(self) -> float:
        """Width, in percent of the width; thin bars stay visible."""
        return max(100 * abs(self.end - self.start), 0.4)

    @property
    def way(self) -> str:
        """Which way it moves the probability, as printed."""
        return "up" if self.tenths > 0 else "down" if self.tenths < 0 else "level"


@dataclass(frozen=True)
class Waterfall:
    """From the base rate over the bars to the score; tenths(base) + bars = tenths(score)."""

    base: float
    bars: tuple[Bar, ...]
    score: float

    @property
    def base_printed(self) -> str:
        """The base rate as it is printed."""
        return f"{round(self.base * TENTHS) / 10:.1f}"

    @property
    def score_printed(self) -> str:
        """The score as it is printed."""
        return f"{round(self.score * TENTHS) / 10:.1f}"


def waterfall(score: dict[str, Any], most: int = MOST_BARS) -> Waterfall:
    """The waterfall of a recorded score: the strongest steps, the others as one bar."""
    told = [s for s in score["steps"] if s["feature"] != OTHERS]
    told.sort(key=lambda step: -abs(step["contribution"]))
    seen = [step for step in told[:most] if abs(step["contribution"]) * TENTHS >= VISIBLE]
    shown = [(step["sentence"], step["contribution"]) for step in seen]
    rest = len(told) - len(shown)
    other = score["probability"] - score["base"] - sum(c for _, c in shown)
    if rest > 0 or abs(other) > 1 / TENTHS:
        noun = "fact" if rest == 1 else "facts"
        shown.append((f"{rest} other {noun} together" if rest else "all other facts", other))
    return Waterfall(score["base"], _bars(shown, score), score["probability"])


def _bars(shown: Sequence[tuple[str, float]], score: dict[str, Any]) -> tuple[Bar, ...]:
    total = round(score["probability"] * TENTHS) - round(score["base"] * TENTHS)
    tenths = apportion([change * TENTHS for _, change in shown], total)
    bars, at = [], score["base"]
    for (sentence, change), printed in zip(shown, tenths, strict=True):
        bars.append(Bar(sentence, at, at + change, printed))
        at += change
    return tuple(bars)


def apportion(values: Sequence[float], total: int) -> list[int]:
    """Whole numbers near the values that sum to the total: the largest remainders give way."""
    rounded = [round(value) for value in values]
    while (gap := total - sum(rounded)) and rounded:
        step = 1 if gap > 0 else -1
        errors = [step * (value - whole) for value, whole in zip(values, rounded, strict=True)]
        rounded[errors.index(max(errors))] += step
    return rounded
