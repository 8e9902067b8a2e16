"""Numbers of entries as ranges, both ends included: erasures name millions at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

Ranges = tuple[tuple[int, int], ...]


def merged(parts: Iterable[tuple[int, int]]) -> Ranges:
    """The same numbers in as few ranges as can be, in order."""
    made = list[tuple[int, int]]()
    for first, last in sorted(parts):
        if made and first <= made[-1][1] + 1:
            made[-1] = (made[-1][0], max(last, made[-1][1]))
        else:
            made.append((first, last))
    return tuple(made)


def without(numbers: Ranges, taken: Ranges) -> Ranges:
    """The numbers that are not among those taken."""
    return tuple(_without(numbers, taken))


def _without(numbers: Ranges, taken: Ranges) -> Iterator[tuple[int, int]]:
    edges = [(0, 0), *taken, (2**64, 2**64)]
    free = [(before[1] + 1, after[0] - 1) for before, after in pairwise(edges)]
    yield from both(numbers, tuple(free))


def both(some: Ranges, others: Ranges) -> Iterator[tuple[int, int]]:
    """The numbers that are in both."""
    i = j = 0
    while i < len(some) and j < len(others):
        first, last = max(some[i][0], others[j][0]), min(some[i][1], others[j][1])
        if first <= last:
            yield first, last
        if some[i][1] < others[j][1]:
            i += 1
        else:
            j += 1


def count(numbers: Ranges) -> int:
    """How many there are."""
    return sum(last - first + 1 for first, last in numbers)


def holds(numbers: Ranges, number: int) -> bool:
    """Whether a number is among them."""
    return any(first <= number <= last for first, last in numbers)
