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
MIN_CONTRIBUTION = 0.01  # of probability: what moved it by less than a point is no reason to act
MIN_SHARE_OF_STRONGEST = 0.1  # nor is what did less than a tenth of what the strongest reason did

# Whether a person who looks at the case could change, settle or establish facts of the theme.
# The past of a supplier, an item or a site, the calendar, and what was ordered or asked for
# stay what they are.
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
    """All themes that moved the probability; base + their contributions is the probability."""
    together: dict[str, list[WaterfallStep]] = {}
    for step in sorted(score.steps or (), key=_strongest_first):
        together.setdefault(str(step.theme or ""), []).append(step)
    made = [_group(theme, steps) for theme, steps in together.items()]
    return _actionable_first([group for group in made if group.contribution != 0])


def top_reasons(score: Score) -> list[Reason]:
    """The five strongest facts, those that a person can act on first."""
    told = [
        step
        for step in score.steps or ()
        if step.feature != OTHER_FEATURES and step.contribution != 0
    ]
    told.sort(key=_strongest_first)
    return [
        Reason(
            feature=step.feature,
            theme=str(step.theme or ""),
            sentence=step.sentence,
            contribution=step.contribution,
        )
        for step in _actionable_first(told[:MAX_REASONS])
    ]


def is_actionable(theme: str | None) -> bool:
    """Whether a person could change facts of that theme; nothing is known of the rest."""
    return theme in ACTIONABLE and ACTIONABLE[Theme(theme)]


def material_threshold(strongest: float) -> float:
    """Least strength of a reason worth acting on beside one of that strength."""
    return max(MIN_CONTRIBUTION, MIN_SHARE_OF_STRONGEST * abs(strongest))


def _actionable_first(told: Sequence[Contribution]) -> list[Contribution]:
    """First what can be acted on and matters, then the rest; the strongest first in both."""
    least = material_threshold(max((abs(one.contribution) for one in told), default=0.0))

    def place(one: Contribution) -> tuple[bool, float]:
        first = is_actionable(one.theme) and abs(one.contribution) >= least
        return not first, -abs(one.contribution)

    return sorted(told, key=place)


def _strongest_first(step: WaterfallStep) -> float:
    """Sorts the strongest first."""
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
    """What the theme did and the strongest facts behind it, those that pull the same way."""
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
    """The fact as a part of a sentence."""
    text = step.sentence
    return f"not known ({text[9:]})" if text.startswith("missing: ") else text
