"""The search: the smallest amount of one lever, else of two together, that is enough.

Pure: what a case scores is asked of a function, many cases at a time. Trees are not
monotone, so a grid is looked at first and then narrowed around the first amount that is
enough; whatever is found has been scored itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from serving.counterfactual.lever import EITHER_OR, Lever, Record

Probe = Callable[[Sequence[Record]], Sequence[float]]

GRID = 16  # amounts of one lever that are looked at at once
PAIR_GRID = 5  # the same, of each of two levers
MOST_FOUND = 3


@dataclass(frozen=True)
class Found:
    """Levers with their amounts that are enough together, and what the case then scores."""

    pulled: tuple[tuple[Lever, int], ...]
    probability: float

    @property
    def share(self) -> float:
        """How much of what is possible it takes, added up over the levers."""
        return sum(amount / lever.most for lever, amount in self.pulled)


def search(case: Record, levers: Sequence[Lever], probe: Probe, under: float) -> tuple[Found, ...]:
    """Up to three ways under the threshold: single levers in their order, else pairs.

    probe: probability of each of many cases. under: the probability to get below.
    """
    singles = _smallest(case, [((), lever) for lever in levers], probe, under)
    if singles:
        return tuple(singles[:MOST_FOUND])
    pairs = _pairs(case, levers, probe, under)
    return tuple(sorted(pairs, key=lambda found: found.share)[:MOST_FOUND])


def changed(case: Record, pulled: Sequence[tuple[Lever, int]]) -> Record:
    """The case with all levers pulled, one after the other."""
    for lever, amount in pulled:
        case = lever.change(case, amount)
    return case


def spaced(low: int, high: int, most: int) -> list[int]:
    """Up to `most` whole numbers in (low, high], rising, `high` among them, closer near low."""
    span = high - low
    if span <= most:
        return list(range(low + 1, high + 1))
    steps = (round(span ** ((i + 1) / most)) for i in range(most))
    return sorted({low + max(step, 1) for step in steps} | {high})


Fixed = tuple[tuple[Lever, int], ...]


@dataclass
class _Open:
    """A lever that is narrowed down: enough at `high`, not known to be between low and high."""

    fixed: Fixed
    lever: Lever
    low: int
    high: int
    probability: float = 1.0
    enough: bool = False

    def amounts(self) -> list[int]:
        """What is to be tried next; nothing once it is as small as it gets."""
        return spaced(self.low, self.high - self.enough, GRID)


def _smallest(
    case: Record, tried: Sequence[tuple[Fixed, Lever]], probe: Probe, under: float
) -> list[Found]:
    """For each lever (beside others that are fixed) the smallest amount found to be enough."""
    every = [_Open(fixed, lever, 0, lever.most) for fixed, lever in tried]
    while rounds := [(one, one.amounts()) for one in every if one.amounts()]:
        cases = [
            changed(case, (*one.fixed, (one.lever, amount)))
            for one, amounts in rounds
            for amount in amounts
        ]
        scores = iter(probe(cases))
        for one, amounts in rounds:
            _narrow(one, amounts, [next(scores) for _ in amounts], under)
    return [Found((*o.fixed, (o.lever, o.high)), o.probability) for o in every if o.enough]


def _narrow(one: _Open, amounts: Sequence[int], scores: Sequence[float], under: float) -> None:
    """Keep the first amount that is enough, and the gap below it as what is still open."""
    for place, (amount, score) in enumerate(zip(amounts, scores, strict=True)):
        if score < under:
            one.high, one.probability, one.enough = amount, score, True
            one.low = amounts[place - 1] if place else one.low
            break
    else:
        one.low = amounts[-1]  # nothing up to here is enough


def _pairs(case: Record, levers: Sequence[Lever], probe: Probe, under: float) -> Iterator[Found]:
    """For each pair the least that is enough on a grid, each of the two then narrowed."""
    tried = [
        ((one, a), (two, b))
        for one, two in combinations(levers, 2)
        if {one.name, two.name} not in EITHER_OR
        for a in spaced(0, one.most, PAIR_GRID)
        for b in spaced(0, two.most, PAIR_GRID)
    ]
    scores = probe([changed(case, pulled) for pulled in tried]) if tried else ()
    best: dict[tuple[int, int], Found] = {}
    for pulled, score in zip(tried, scores, strict=True):
        found = Found(pulled, score)
        key = (id(pulled[0][0]), id(pulled[1][0]))
        if score < under and (key not in best or found.share < best[key].share):
            best[key] = found
    for found in sorted(best.values(), key=lambda one: one.share)[:MOST_FOUND]:
        yield _narrowed(case, found, probe, under)


def _narrowed(case: Record, found: Found, probe: Probe, under: float) -> Found:
    """Less of the second lever beside the first, then less of the first beside the second."""
    for turn in (1, 0):
        (lever, amount), other = found.pulled[turn], found.pulled[1 - turn]
        limited = replace(lever, most=amount)
        for smaller in _smallest(case, [((other,), limited)], probe, under):
            found = Found((other, (lever, smaller.pulled[-1][1])), smaller.probability)
    return found
