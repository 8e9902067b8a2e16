"""What would have changed, in figures, at one site or at all of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from data.contracts.decisions import Action
from serving.policy.policy import Money
from serving.replay.what_if.compared import Compared, Said

TOP = 20
DECIDED = (Action.FOLLOWED, Action.OVERRIDDEN, Action.IGNORED)
SIDES = ("before", "after")


class Both(NamedTuple):
    """A figure as it was and as it would be."""

    before: float
    after: float


class Decided(NamedTuple):
    """Answers that people decided on in one way, and how many of them were and would be flagged."""

    answers: int
    before: int
    after: int


@dataclass(frozen=True)
class Figures:
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
    flagged: Both
    abstained: Both
    levels: Mapping[tuple[str, str], int]
    routes: Mapping[tuple[str, str], int]
    cases: int
    money: Both
    unknown: Both
    top: int
    stays: float
    decided: Mapping[str, Decided]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            **vars(self),
            "levels": _changes(self.levels),
            "routes": _changes(self.routes),
            "decided": {name: one._asdict() for name, one in self.decided.items()},
            **{
                name: getattr(self, name)._asdict()
                for name in ("flagged", "abstained", "money", "unknown")
            },
        }


def figures(
    task: str, site: str, found: Sequence[Compared], decided: Mapping[str, Action], money: Money
) -> Figures:
    """The figures of some answers, in the order of the record. decided: by id of the answer."""
    latest = list({one.case: one for one in found}.values())
    first = [_first(latest, side) for side in SIDES]
    return Figures(
        task=task,
        site=site,
        answers=len(found),
        flagged=_both(found, lambda said: said.flagged),
        abstained=_both(found, lambda said: said.abstained),
        levels=_moved(found, "level"),
        routes=_moved(found, "route"),
        cases=len(latest),
        money=Both(*(_at_risk(latest, side, money) for side in SIDES)),
        unknown=_both(latest, lambda said: said.flagged and _worth(said, money) is None),
        top=len(first[0]),
        stays=len(first[0] & first[1]) / len(first[0]) if first[0] else 1.0,
        decided=_decided(found, decided),
    )


def _both(found: Iterable[Compared], counts: Any) -> Both:
    pairs = [(counts(one.before), counts(one.after)) for one in found]
    return Both(sum(before for before, _ in pairs), sum(after for _, after in pairs))


def _moved(found: Iterable[Compared], name: str) -> dict[tuple[str, str], int]:
    pairs = ((str(getattr(one.before, name)), str(getattr(one.after, name))) for one in found)
    return dict(Counter(pair for pair in pairs if pair[0] != pair[1]).most_common())


def _at_risk(latest: Iterable[Compared], side: str, money: Money) -> float:
    said = [getattr(one, side) for one in latest]
    worth = [_worth(one, money) for one in said if one.flagged]
    return math.fsum(one for one in worth if one is not None)


def _worth(said: Said, money: Money) -> float | None:
    """Money at risk in the reporting currency, if it is known and has a rate."""
    rate = money.rates.get(said.currency)
    return None if said.amount is None or rate is None else said.amount * rate


def _first(latest: Iterable[Compared], side: str) -> set[str]:
    """The cases that people would look at first; of equal ones the older answer."""
    ranked = sorted(latest, key=lambda one: (-getattr(one, side).priority, one.sequence))
    return {one.case for one in ranked[:TOP]}


def _decided(found: Iterable[Compared], decided: Mapping[str, Action]) -> dict[str, Decided]:
    by_action: dict[Action, list[Compared]] = {action: [] for action in DECIDED}
    for one in found:
        if one.id in decided:
            by_action[decided[one.id]].append(one)
    return {
        str(action): Decided(
            len(some),
            sum(one.before.flagged for one in some),
            sum(one.after.flagged for one in some),
        )
        for action, some in by_action.items()
        if some
    }


def _changes(moved: Mapping[tuple[str, str], int]) -> list[dict[str, Any]]:
    return [{"before": a, "after": b, "answers": n} for (a, b), n in moved.items()]
