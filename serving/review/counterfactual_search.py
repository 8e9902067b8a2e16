"""Search the smallest change of one or two levers that gets a case under a threshold.

Pure: what a case scores is asked of a function, many cases at a time. Trees are not
monotone, so a grid is looked at first and then narrowed around the first amount that is
enough; whatever is found has been scored itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from serving.tasks.lever import Lever, Record

Probe = Callable[[Sequence[Record]], Sequence[float]]

SINGLE_GRID = 16  # amounts of one lever that are looked at at once
PAIR_GRID = 5  # the same, of each of two levers
MAX_FOUND = 3


@dataclass(frozen=True)
class LeverCombination:
    """Levers with their amounts that are enough together, and what the case then scores."""

    pulled: tuple[tuple[Lever, int], ...]
    probability: float

    @property
    def share(self) -> float:
        """How much of what is possible it takes, added up over the levers."""
        return sum(amount / lever.most for lever, amount in self.pulled)


def search_levers(
    case: Record, levers: Sequence[Lever], probe: Probe, under: float
) -> tuple[LeverCombination, ...]:
    """Up to three ways under the threshold: single levers in their order, else pairs.

    probe: probability of each of many cases. under: the probability to get below.
    """
    singles = _smallest_amounts(case, [((), lever) for lever in levers], probe, under)
    if singles:
        return tuple(singles[:MAX_FOUND])
    pairs = _search_pairs(case, levers, probe, under)
    return tuple(sorted(pairs, key=lambda found: found.share)[:MAX_FOUND])


def apply_levers(case: Record, pulled: Sequence[tuple[Lever, int]]) -> Record:
    """The case with all levers pulled, one after the other."""
    for lever, amount in pulled:
        case = lever.change(case, amount)
    return case


def spaced_amounts(low: int, high: int, most: int) -> list[int]:
    """Up to `most` whole numbers in (low, high], rising, `high` among them, closer near low."""
    span = high - low
    if span <= most:
        return list(range(low + 1, high + 1))
    steps = (round(span ** ((i + 1) / most)) for i in range(most))
    return sorted({low + max(step, 1) for step in steps} | {high})


AppliedLevers = tuple[tuple[Lever, int], ...]


@dataclass
class _LeverRange:
    """A lever that is narrowed down: enough at `high`, not known to be between low and high."""

    fixed: AppliedLevers
    lever: Lever
    low: int
    high: int
    probability: float = 1.0
    enough: bool = False

    def amounts(self) -> list[int]:
        """What is to be tried next; nothing once it is as small as it gets."""
        return spaced_amounts(self.low, self.high - self.enough, SINGLE_GRID)


def _smallest_amounts(
    case: Record, tried: Sequence[tuple[AppliedLevers, Lever]], probe: Probe, under: float
) -> list[LeverCombination]:
    """For each lever (beside others that are fixed) the smallest amount found to be enough."""
    every = [_LeverRange(fixed, lever, 0, lever.most) for fixed, lever in tried]
    while rounds := [(one, one.amounts()) for one in every if one.amounts()]:
        cases = [
            apply_levers(case, (*one.fixed, (one.lever, amount)))
            for one, amounts in rounds
            for amount in amounts
        ]
        scores = iter(probe(cases))
        for one, amounts in rounds:
            _narrow_range(one, amounts, [next(scores) for _ in amounts], under)
    return [
        LeverCombination((*o.fixed, (o.lever, o.high)), o.probability) for o in every if o.enough
    ]


def _narrow_range(
    one: _LeverRange, amounts: Sequence[int], scores: Sequence[float], under: float
) -> None:
    """Keep the first amount that is enough, and the gap below it as what is still open."""
    for place, (amount, score) in enumerate(zip(amounts, scores, strict=True)):
        if score < under:
            one.high, one.probability, one.enough = amount, score, True
            one.low = amounts[place - 1] if place else one.low
            break
    else:
        one.low = amounts[-1]  # nothing up to here is enough


def _search_pairs(
    case: Record, levers: Sequence[Lever], probe: Probe, under: float
) -> Iterator[LeverCombination]:
    """For each pair the least that is enough on a grid, each of the two then narrowed."""
    tried = [
        ((one, a), (two, b))
        for one, two in combinations(levers, 2)
        if one.combines_with(two)
        for a in spaced_amounts(0, one.most, PAIR_GRID)
        for b in spaced_amounts(0, two.most, PAIR_GRID)
    ]
    scores = probe([apply_levers(case, pulled) for pulled in tried]) if tried else ()
    best: dict[tuple[int, int], LeverCombination] = {}
    for pulled, score in zip(tried, scores, strict=True):
        found = LeverCombination(pulled, score)
        key = (id(pulled[0][0]), id(pulled[1][0]))
        if score < under and (key not in best or found.share < best[key].share):
            best[key] = found
    for found in sorted(best.values(), key=lambda one: one.share)[:MAX_FOUND]:
        yield _shrink_pair(case, found, probe, under)


def _shrink_pair(
    case: Record, found: LeverCombination, probe: Probe, under: float
) -> LeverCombination:
    """Less of the second lever beside the first, then less of the first beside the second."""
    for turn in (1, 0):
        (lever, amount), other = found.pulled[turn], found.pulled[1 - turn]
        limited = replace(lever, most=amount)
        for smaller in _smallest_amounts(case, [((other,), limited)], probe, under):
            found = LeverCombination((other, (lever, smaller.pulled[-1][1])), smaller.probability)
    return found
