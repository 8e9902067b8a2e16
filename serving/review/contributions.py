"""Contributions as a report prints them: bars and groups whose printed numbers add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.explanation import OTHER_FEATURES
from serving.recommendation.reasons import material_threshold

TENTHS_PER_PROBABILITY = 1000  # tenths of a percentage point in a probability of one
MAX_BARS = 8
MIN_VISIBLE_TENTHS = 0.5  # tenths of a point: what would be printed as 0.0 is not a bar of its own


@dataclass(frozen=True)
class Bar:
    """A bar of the waterfall, from one probability to another. tenths: tenths of a point."""

    sentence: str
    start: float
    end: float
    tenths: int

    @property
    def printed(self) -> str:
        """The printed change, such as `+12.3`."""
        return f"{self.tenths / 10:+.1f}"

    @property
    def left(self) -> float:
        """Left edge, in percent of the full width."""
        return 100 * min(self.start, self.end)

    @property
    def width(self) -> float:
        """Width, in percent of the full width; thin bars stay visible."""
        return max(100 * abs(self.end - self.start), 0.4)

    @property
    def way(self) -> str:
        """Direction of the printed change: up, down or level."""
        return "up" if self.tenths > 0 else "down" if self.tenths < 0 else "level"


@dataclass(frozen=True)
class Waterfall:
    """Base rate, bars and score; printed base + printed bars is the printed score."""

    base: float
    bars: tuple[Bar, ...]
    score: float

    @property
    def base_printed(self) -> str:
        """The printed base rate."""
        return f"{round(self.base * TENTHS_PER_PROBABILITY) / 10:.1f}"

    @property
    def score_printed(self) -> str:
        """The printed score."""
        return f"{round(self.score * TENTHS_PER_PROBABILITY) / 10:.1f}"


def build_waterfall(score: dict[str, Any], most: int = MAX_BARS) -> Waterfall:
    """Build the waterfall of a recorded score: the strongest steps, the others as one bar."""
    steps = [s for s in score["steps"] if s["feature"] != OTHER_FEATURES]
    steps.sort(key=lambda step: -abs(step["contribution"]))
    visible = [
        step
        for step in steps[:most]
        if abs(step["contribution"]) * TENTHS_PER_PROBABILITY >= MIN_VISIBLE_TENTHS
    ]
    shown = [(step["sentence"], step["contribution"]) for step in visible]
    rest = len(steps) - len(shown)
    other = score["probability"] - score["base"] - sum(c for _, c in shown)
    if rest > 0 or abs(other) > 1 / TENTHS_PER_PROBABILITY:
        noun = "fact" if rest == 1 else "facts"
        shown.append((f"{rest} other {noun} together" if rest else "all other facts", other))
    return Waterfall(score["base"], _bars(shown, score), score["probability"])


def _bars(shown: Sequence[tuple[str, float]], score: dict[str, Any]) -> tuple[Bar, ...]:
    total = round(score["probability"] * TENTHS_PER_PROBABILITY) - round(
        score["base"] * TENTHS_PER_PROBABILITY
    )
    tenths = round_to_total([change * TENTHS_PER_PROBABILITY for _, change in shown], total)
    bars, at = [], score["base"]
    for (sentence, change), printed in zip(shown, tenths, strict=True):
        bars.append(Bar(sentence, at, at + change, printed))
        at += change
    return tuple(bars)


def round_to_total(values: Sequence[float], total: int) -> list[int]:
    """Round values so that they sum to the total; the largest remainders are adjusted."""
    rounded = [round(value) for value in values]
    while (gap := total - sum(rounded)) and rounded:
        step = 1 if gap > 0 else -1
        errors = [step * (value - integer) for value, integer in zip(values, rounded, strict=True)]
        rounded[errors.index(max(errors))] += step
    return rounded


@dataclass(frozen=True)
class ContributionGroup:
    """Facts of one subject. tenths: tenths of a point. can: worth acting on."""

    name: str
    facts: str
    tenths: int
    can: bool

    @property
    def printed(self) -> str:
        """The printed change, such as `+12.3`."""
        return f"{self.tenths / 10:+.1f}"

    @property
    def way(self) -> str:
        """Direction of the printed change: up, down or level."""
        return "up" if self.tenths > 0 else "down" if self.tenths < 0 else "level"


def group_contributions(
    groups: Sequence[Mapping[str, Any]], score: Mapping[str, Any]
) -> list[ContributionGroup]:
    """Print the groups of an answer, in its order; base + groups is the printed score."""
    total = round(score["probability"] * TENTHS_PER_PROBABILITY) - round(
        score["base"] * TENTHS_PER_PROBABILITY
    )
    tenths = round_to_total(
        [group["contribution"] * TENTHS_PER_PROBABILITY for group in groups], total
    )
    least = material_threshold(max((abs(group["contribution"]) for group in groups), default=0.0))
    return [
        ContributionGroup(
            name=(group["theme"] or "everything else").capitalize(),
            facts=_facts_of_sentence(group["sentence"]),
            tenths=printed,
            can=group["actionable"] and abs(group["contribution"]) >= least,
        )
        for group, printed in zip(groups, tenths, strict=True)
    ]


def _facts_of_sentence(sentence: str) -> str:
    """Return the facts of a group's sentence, which begins with subject and points."""
    text = sentence.split(": ", 1)[-1]
    return text[:1].upper() + text[1:]
