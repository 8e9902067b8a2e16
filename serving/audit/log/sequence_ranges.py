"""Ranges of entry sequence numbers: merge, subtract, intersect and format them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

RangeList = list[tuple[int, int]]


def ranges_of_sequences(sequences: Iterable[int]) -> RangeList:
    """The fewest runs that hold these sequences and no other; both ends included, in order."""
    found: RangeList = []
    for sequence in sorted(set(sequences)):
        if found and found[-1][1] == sequence - 1:
            found[-1] = (found[-1][0], sequence)
        else:
            found.append((sequence, sequence))
    return found


def format_ranges(ranges: RangeList, most: int = 8) -> str:
    """The runs in words: "3 to 5, 9"."""
    shown = [str(a) if a == b else f"{a} to {b}" for a, b in ranges[:most]]
    more = len(ranges) - most
    return ", ".join(shown) + (f" and {more} more runs" if more > 0 else "")


Ranges = tuple[tuple[int, int], ...]


def merge_ranges(parts: Iterable[tuple[int, int]]) -> Ranges:
    """The same numbers in as few ranges as can be, in order."""
    made = list[tuple[int, int]]()
    for first, last in sorted(parts):
        if made and first <= made[-1][1] + 1:
            made[-1] = (made[-1][0], max(last, made[-1][1]))
        else:
            made.append((first, last))
    return tuple(made)


def subtract_ranges(numbers: Ranges, taken: Ranges) -> Ranges:
    """The numbers that are not among those taken."""
    return tuple(_subtract(numbers, taken))


def _subtract(numbers: Ranges, taken: Ranges) -> Iterator[tuple[int, int]]:
    edges = [(0, 0), *taken, (2**64, 2**64)]
    free = [(before[1] + 1, after[0] - 1) for before, after in pairwise(edges)]
    yield from intersect_ranges(numbers, tuple(free))


def intersect_ranges(some: Ranges, others: Ranges) -> Iterator[tuple[int, int]]:
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


def count_sequences(numbers: Ranges) -> int:
    """How many there are."""
    return sum(last - first + 1 for first, last in numbers)


def range_contains(numbers: Ranges, number: int) -> bool:
    """Whether a number is among them."""
    return any(first <= number <= last for first, last in numbers)
