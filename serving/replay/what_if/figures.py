"""Figures of a what-if per task and site: flags, levels, routes, money at risk, decisions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from data.contracts.decisions import Action
from serving.policy.policy import CurrencyPolicy
from serving.replay.what_if.comparison import AnswerSummary, ComparedAnswer

TOP_CASES = 20
DECIDED_ACTIONS = (Action.FOLLOWED, Action.OVERRIDDEN, Action.IGNORED)
SIDES = ("before", "after")


class BeforeAfter(NamedTuple):
    """A figure as it was and as it would be."""

    before: float
    after: float


class DecidedAnswers(NamedTuple):
    """Answers that people decided on in one way, and how many of them were and would be flagged."""

    answers: int
    before: int
    after: int


@dataclass(frozen=True)
class WhatIfFigures:
    """Figures of a task at a site ("" for all sites).

    answers: every answer that was compared. levels, routes: of those that would change, how
    many from what to what.
    cases: the different cases among them, each by its latest answer; of these are
    money: at risk in flagged cases, in the reporting currency; unknown: flagged cases whose
    money is not known or has no rate, which `money` leaves out; stays: share of the `top`
    cases that people would look at first which stay among them.
    decided: by what people did with the answer.
    """

    task: str
    site: str
    answers: int
    flagged: BeforeAfter
    abstained: BeforeAfter
    levels: Mapping[tuple[str, str], int]
    routes: Mapping[tuple[str, str], int]
    cases: int
    money: BeforeAfter
    unknown: BeforeAfter
    top: int
    stays: float
    decided: Mapping[str, DecidedAnswers]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            **vars(self),
            "levels": _transitions_as_json(self.levels),
            "routes": _transitions_as_json(self.routes),
            "decided": {name: one._asdict() for name, one in self.decided.items()},
            **{
                name: getattr(self, name)._asdict()
                for name in ("flagged", "abstained", "money", "unknown")
            },
        }


def what_if_figures(
    task: str,
    site: str,
    found: Sequence[ComparedAnswer],
    decided: Mapping[str, Action],
    money: CurrencyPolicy,
) -> WhatIfFigures:
    """The figures of some answers, in the order of the record. decided: by id of the answer."""
    latest = list({one.case: one for one in found}.values())
    first = [_top_cases(latest, side) for side in SIDES]
    return WhatIfFigures(
        task=task,
        site=site,
        answers=len(found),
        flagged=_count_before_after(found, lambda said: said.flagged),
        abstained=_count_before_after(found, lambda said: said.abstained),
        levels=_count_transitions(found, "level"),
        routes=_count_transitions(found, "route"),
        cases=len(latest),
        money=BeforeAfter(*(_sum_money_at_risk(latest, side, money) for side in SIDES)),
        unknown=_count_before_after(
            latest, lambda said: said.flagged and _money_in_reporting_currency(said, money) is None
        ),
        top=len(first[0]),
        stays=len(first[0] & first[1]) / len(first[0]) if first[0] else 1.0,
        decided=_count_by_decision(found, decided),
    )


def _count_before_after(found: Iterable[ComparedAnswer], counts: Any) -> BeforeAfter:
    pairs = [(counts(one.before), counts(one.after)) for one in found]
    return BeforeAfter(sum(before for before, _ in pairs), sum(after for _, after in pairs))


def _count_transitions(found: Iterable[ComparedAnswer], name: str) -> dict[tuple[str, str], int]:
    pairs = ((str(getattr(one.before, name)), str(getattr(one.after, name))) for one in found)
    return dict(Counter(pair for pair in pairs if pair[0] != pair[1]).most_common())


def _sum_money_at_risk(latest: Iterable[ComparedAnswer], side: str, money: CurrencyPolicy) -> float:
    said = [getattr(one, side) for one in latest]
    worth = [_money_in_reporting_currency(one, money) for one in said if one.flagged]
    return math.fsum(one for one in worth if one is not None)


def _money_in_reporting_currency(said: AnswerSummary, money: CurrencyPolicy) -> float | None:
    """Money at risk in the reporting currency, if it is known and has a rate."""
    rate = money.rates.get(said.currency)
    return None if said.amount is None or rate is None else said.amount * rate


def _top_cases(latest: Iterable[ComparedAnswer], side: str) -> set[str]:
    """The cases that people would look at first; of equal ones the older answer."""
    ranked = sorted(latest, key=lambda one: (-getattr(one, side).priority, one.sequence))
    return {one.case for one in ranked[:TOP_CASES]}


def _count_by_decision(
    found: Iterable[ComparedAnswer], decided: Mapping[str, Action]
) -> dict[str, DecidedAnswers]:
    by_action: dict[Action, list[ComparedAnswer]] = {action: [] for action in DECIDED_ACTIONS}
    for one in found:
        if one.id in decided:
            by_action[decided[one.id]].append(one)
    return {
        str(action): DecidedAnswers(
            len(some),
            sum(one.before.flagged for one in some),
            sum(one.after.flagged for one in some),
        )
        for action, some in by_action.items()
        if some
    }


def _transitions_as_json(moved: Mapping[tuple[str, str], int]) -> list[dict[str, Any]]:
    return [{"before": a, "after": b, "answers": n} for (a, b), n in moved.items()]
