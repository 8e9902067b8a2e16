"""Figures of a what-if per task and site: flags, levels, routes, money at risk, decisions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from data.contracts.decisions import Action
from serving.policy.sections import CurrencyPolicy
from serving.replay.what_if.comparison import AnswerSummary, ComparedAnswer

TOP_CASES = 20
DECIDED_ACTIONS = (Action.FOLLOWED, Action.OVERRIDDEN, Action.IGNORED)
SIDES = ("before", "after")


class BeforeAfter(NamedTuple):
    """A figure of the recorded answers and of the alternative."""

    before: float
    after: float


class DecidedAnswers(NamedTuple):
    """Answers with the same decision, and how many of them were and would be flagged."""

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
        """Return the figures as plain values."""
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
    compared: Sequence[ComparedAnswer],
    decided: Mapping[str, Action],
    money: CurrencyPolicy,
) -> WhatIfFigures:
    """Compute the figures of answers in the order of the record. decided: actions by answer id."""
    latest = list({one.case: one for one in compared}.values())
    first = [_top_cases(latest, side) for side in SIDES]
    return WhatIfFigures(
        task=task,
        site=site,
        answers=len(compared),
        flagged=_count_before_after(compared, lambda summary: summary.flagged),
        abstained=_count_before_after(compared, lambda summary: summary.abstained),
        levels=_count_transitions(compared, "level"),
        routes=_count_transitions(compared, "route"),
        cases=len(latest),
        money=BeforeAfter(*(_sum_money_at_risk(latest, side, money) for side in SIDES)),
        unknown=_count_before_after(
            latest,
            lambda summary: (
                summary.flagged and _money_in_reporting_currency(summary, money) is None
            ),
        ),
        top=len(first[0]),
        stays=len(first[0] & first[1]) / len(first[0]) if first[0] else 1.0,
        decided=_count_by_decision(compared, decided),
    )


def _count_before_after(compared: Iterable[ComparedAnswer], counts: Any) -> BeforeAfter:
    pairs = [(counts(one.before), counts(one.after)) for one in compared]
    return BeforeAfter(sum(before for before, _ in pairs), sum(after for _, after in pairs))


def _count_transitions(compared: Iterable[ComparedAnswer], name: str) -> dict[tuple[str, str], int]:
    pairs = ((str(getattr(one.before, name)), str(getattr(one.after, name))) for one in compared)
    return dict(Counter(pair for pair in pairs if pair[0] != pair[1]).most_common())


def _sum_money_at_risk(latest: Iterable[ComparedAnswer], side: str, money: CurrencyPolicy) -> float:
    summaries = [getattr(one, side) for one in latest]
    amounts = [_money_in_reporting_currency(one, money) for one in summaries if one.flagged]
    return math.fsum(one for one in amounts if one is not None)


def _money_in_reporting_currency(summary: AnswerSummary, money: CurrencyPolicy) -> float | None:
    """Convert money at risk to the reporting currency; None if unknown or without a rate."""
    rate = money.rates.get(summary.currency)
    return None if summary.amount is None or rate is None else summary.amount * rate


def _top_cases(latest: Iterable[ComparedAnswer], side: str) -> set[str]:
    """Return the cases of highest priority; of equal ones the older answer comes first."""
    ranked = sorted(latest, key=lambda one: (-getattr(one, side).priority, one.sequence))
    return {one.case for one in ranked[:TOP_CASES]}


def _count_by_decision(
    compared: Iterable[ComparedAnswer], decided: Mapping[str, Action]
) -> dict[str, DecidedAnswers]:
    by_action: dict[Action, list[ComparedAnswer]] = {action: [] for action in DECIDED_ACTIONS}
    for one in compared:
        if one.id in decided:
            by_action[decided[one.id]].append(one)
    return {
        str(action): DecidedAnswers(
            len(answers),
            sum(one.before.flagged for one in answers),
            sum(one.after.flagged for one in answers),
        )
        for action, answers in by_action.items()
        if answers
    }


def _transitions_as_json(transitions: Mapping[tuple[str, str], int]) -> list[dict[str, Any]]:
    return [{"before": a, "after": b, "answers": n} for (a, b), n in transitions.items()]
