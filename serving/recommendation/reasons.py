"""Reasons of a score: contributions grouped by theme, actionable and material ones first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from features.feature import Theme
from models.explanation import OTHER_FEATURES
from serving.recommendation.recommendation import Reason, ReasonGroup
from serving.recommendation.score import Score, WaterfallStep

Contribution = TypeVar("Contribution", ReasonGroup, WaterfallStep)

MAX_REASONS = 5
MAX_FACTS_NAMED = 2  # facts that the sentence of a group names
MIN_CONTRIBUTION = 0.01  # of probability; a smaller contribution is no reason to act
MIN_SHARE_OF_STRONGEST = 0.1  # of the strongest contribution; a smaller one is no reason to act

# Whether a person who looks at the case could change, settle or establish facts of the theme.
# Nobody changes the past of a supplier, an item or a site, the calendar, or what was ordered.
ACTIONABLE: dict[Theme, bool] = {
    Theme.STOCK_COVER: True,
    Theme.PRICE: True,
    Theme.QUANTITY: True,
    Theme.PAPER_TRAIL: True,
    Theme.SUPPLIER_RELIABILITY: False,
    Theme.ITEM_HISTORY: False,
    Theme.SITE_HABIT: False,
    Theme.DEMAND: False,
    Theme.TIMING: False,
    Theme.ORDER: False,
}


def reason_groups(score: Score) -> list[ReasonGroup]:
    """Group the steps by theme; base + all contributions of the groups is the probability."""
    by_theme: dict[str, list[WaterfallStep]] = {}
    for step in sorted(score.steps or (), key=_strongest_first):
        by_theme.setdefault(str(step.theme or ""), []).append(step)
    groups = [_group(theme, steps) for theme, steps in by_theme.items()]
    return _actionable_first([group for group in groups if group.contribution != 0])


def top_reasons(score: Score) -> list[Reason]:
    """Return the five strongest facts, first those that a person can act on."""
    steps = [
        step
        for step in score.steps or ()
        if step.feature != OTHER_FEATURES and step.contribution != 0
    ]
    steps.sort(key=_strongest_first)
    return [
        Reason(
            feature=step.feature,
            theme=str(step.theme or ""),
            sentence=step.sentence,
            contribution=step.contribution,
        )
        for step in _actionable_first(steps[:MAX_REASONS])
    ]


def is_actionable(theme: str | None) -> bool:
    """Whether a person could change facts of a theme; False for an unknown theme."""
    return theme in ACTIONABLE and ACTIONABLE[Theme(theme)]


def material_threshold(strongest: float) -> float:
    """Return the least contribution worth acting on, given the strongest one."""
    return max(MIN_CONTRIBUTION, MIN_SHARE_OF_STRONGEST * abs(strongest))


def _actionable_first(reasons: Sequence[Contribution]) -> list[Contribution]:
    """Sort material reasons that can be acted on first, then the rest; strongest first in both."""
    least = material_threshold(max((abs(one.contribution) for one in reasons), default=0.0))

    def rank(reason: Contribution) -> tuple[bool, float]:
        first = is_actionable(reason.theme) and abs(reason.contribution) >= least
        return not first, -abs(reason.contribution)

    return sorted(reasons, key=rank)


def _strongest_first(step: WaterfallStep) -> float:
    """Sort key: the strongest first."""
    return -abs(step.contribution)


def _group(theme: str, steps: Sequence[WaterfallStep]) -> ReasonGroup:
    # Probabilities lie on a grid, so this sum is exact in any order (see
    # models.calibration.calibrators).
    contribution = sum(step.contribution for step in steps)
    return ReasonGroup(
        theme=theme,
        contribution=contribution,
        actionable=is_actionable(theme),
        sentence=_sentence(theme, contribution, steps),
    )


def _sentence(theme: str, contribution: float, steps: Sequence[WaterfallStep]) -> str:
    """Say what the theme did, with its strongest facts that pull the same way."""
    points = 100 * contribution
    size = f"{points:+.1f} points" if abs(points) >= 0.1 else "less than 0.1 points"
    named: list[str] = []
    for step in steps:  # the strongest first
        if len(named) == MAX_FACTS_NAMED:
            break
        if step.contribution * contribution > 0 and (fact := _fact_phrase(step)) not in named:
            named.append(fact)
    subject = (theme or "everything else").capitalize()
    return f"{subject}, {size}: {'; '.join(named)}."


def _fact_phrase(step: WaterfallStep) -> str:
    """Return the fact as a part of a sentence."""
    text = step.sentence
    return f"not known ({text[9:]})" if text.startswith("missing: ") else text
