"""Search the smallest change of one or two levers that gets a case under a threshold.

Pure: a function scores many cases at a time. Trees are not monotone, so a grid of amounts is
scored first and then narrowed around the first amount that is enough; every combination that is
returned has been scored itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from serving.tasks.lever import Lever, Record

Probe = Callable[[Sequence[Record]], Sequence[float]]

SINGLE_GRID = 16  # amounts of one lever that are scored at once
PAIR_GRID = 5  # the same, of each of two levers
MAX_FOUND = 3


@dataclass(frozen=True)
class LeverCombination:
    """Levers with amounts that are enough together, and the probability of the changed case."""

    pulled: tuple[tuple[Lever, int], ...]
    probability: float

    @property
    def share(self) -> float:
        """Sum over the levers of the share of the possible amount that is needed."""
        return sum(amount / lever.most for lever, amount in self.pulled)


def search_levers(
    case: Record, levers: Sequence[Lever], probe: Probe, under: float
) -> tuple[LeverCombination, ...]:
    """Find up to three ways under the threshold: single levers in their order, else pairs.

    Args:
        case: the case as plain values.
        levers: the changes that people could bring about.
        probe: returns the probability of each of many cases.
        under: the probability to get below.
    """
    singles = _smallest_amounts(case, [((), lever) for lever in levers], probe, under)
    if singles:
        return tuple(singles[:MAX_FOUND])
    pairs = _search_pairs(case, levers, probe, under)
    return tuple(sorted(pairs, key=lambda one: one.share)[:MAX_FOUND])


def apply_levers(case: Record, pulled: Sequence[tuple[Lever, int]]) -> Record:
    """Return the case with all levers applied, one after the other."""
    for lever, amount in pulled:
        case = lever.change(case, amount)
    return case


def spaced_amounts(low: int, high: int, most: int) -> list[int]:
    """Return at most `most` whole numbers in (low, high], rising to `high`, closer near `low`."""
    span = high - low
    if span <= most:
        return list(range(low + 1, high + 1))
    steps = (round(span ** ((i + 1) / most)) for i in range(most))
    return sorted({low + max(step, 1) for step in steps} | {high})


AppliedLevers = tuple[tuple[Lever, int], ...]


@dataclass
class _LeverRange:
    """A lever that is being narrowed: enough at `high`, not known between `low` and `high`."""

    fixed: AppliedLevers
    lever: Lever
    low: int
    high: int
    probability: float = 1.0
    enough: bool = False

    def amounts(self) -> list[int]:
        """Return the amounts to score next; none once `high` is the smallest that is enough."""
        return spaced_amounts(self.low, self.high - self.enough, SINGLE_GRID)


def _smallest_amounts(
    case: Record, candidates: Sequence[tuple[AppliedLevers, Lever]], probe: Probe, under: float
) -> list[LeverCombination]:
    """Find for each lever, beside its fixed levers, the smallest amount that is enough."""
    ranges = [_LeverRange(fixed, lever, 0, lever.most) for fixed, lever in candidates]
    while open_ranges := [
        (lever_range, lever_range.amounts()) for lever_range in ranges if lever_range.amounts()
    ]:
        cases = [
            apply_levers(case, (*lever_range.fixed, (lever_range.lever, amount)))
            for lever_range, amounts in open_ranges
            for amount in amounts
        ]
        scores = iter(probe(cases))
        for lever_range, amounts in open_ranges:
            _narrow_range(lever_range, amounts, [next(scores) for _ in amounts], under)
    return [
        LeverCombination(
            (*lever_range.fixed, (lever_range.lever, lever_range.high)), lever_range.probability
        )
        for lever_range in ranges
        if lever_range.enough
    ]


def _narrow_range(
    lever_range: _LeverRange, amounts: Sequence[int], scores: Sequence[float], under: float
) -> None:
    """Keep the first amount that is enough, and the gap below it as the range still open."""
    for place, (amount, score) in enumerate(zip(amounts, scores, strict=True)):
        if score < under:
            lever_range.high, lever_range.probability, lever_range.enough = amount, score, True
            lever_range.low = amounts[place - 1] if place else lever_range.low
            break
    else:
        lever_range.low = amounts[-1]  # nothing up to here is enough


def _search_pairs(
    case: Record, levers: Sequence[Lever], probe: Probe, under: float
) -> Iterator[LeverCombination]:
    """Find for each pair the least that is enough on a grid, then narrow each of the two."""
    candidates = [
        ((first, amount), (second, other_amount))
        for first, second in combinations(levers, 2)
        if first.combines_with(second)
        for amount in spaced_amounts(0, first.most, PAIR_GRID)
        for other_amount in spaced_amounts(0, second.most, PAIR_GRID)
    ]
    scores = probe([apply_levers(case, pulled) for pulled in candidates]) if candidates else ()
    best: dict[tuple[int, int], LeverCombination] = {}
    for pulled, score in zip(candidates, scores, strict=True):
        combination = LeverCombination(pulled, score)
        key = (id(pulled[0][0]), id(pulled[1][0]))
        if score < under and (key not in best or combination.share < best[key].share):
            best[key] = combination
    for combination in sorted(best.values(), key=lambda one: one.share)[:MAX_FOUND]:
        yield _shrink_pair(case, combination, probe, under)


def _shrink_pair(
    case: Record, combination: LeverCombination, probe: Probe, under: float
) -> LeverCombination:
    """Reduce the second lever beside the first, then the first beside the second."""
    for turn in (1, 0):
        (lever, amount), other = combination.pulled[turn], combination.pulled[1 - turn]
        limited = replace(lever, most=amount)
        for smaller in _smallest_amounts(case, [((other,), limited)], probe, under):
            combination = LeverCombination(
                (other, (lever, smaller.pulled[-1][1])), smaller.probability
            )
    return combination
