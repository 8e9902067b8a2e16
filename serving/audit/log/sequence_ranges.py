"""Ranges of entry sequence numbers: merge, subtract, intersect and format them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

RangeList = list[tuple[int, int]]


def ranges_of_sequences(sequences: Iterable[int]) -> RangeList:
    """Return the fewest ranges that cover exactly these sequences; ends included, in order."""
    ranges: RangeList = []
    for sequence in sorted(set(sequences)):
        if ranges and ranges[-1][1] == sequence - 1:
            ranges[-1] = (ranges[-1][0], sequence)
        else:
            ranges.append((sequence, sequence))
    return ranges


def format_ranges(ranges: RangeList, most: int = 8) -> str:
    """Return ranges in words, as `3 to 5, 9`."""
    shown = [str(a) if a == b else f"{a} to {b}" for a, b in ranges[:most]]
    more = len(ranges) - most
    return ", ".join(shown) + (f" and {more} more runs" if more > 0 else "")


Ranges = tuple[tuple[int, int], ...]


def merge_ranges(parts: Iterable[tuple[int, int]]) -> Ranges:
    """Return the fewest ranges that cover the same numbers, in order."""
    merged = list[tuple[int, int]]()
    for first, last in sorted(parts):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def subtract_ranges(numbers: Ranges, taken: Ranges) -> Ranges:
    """Return the ranges of the numbers that are not in `taken`."""
    return tuple(_subtract(numbers, taken))


def _subtract(numbers: Ranges, taken: Ranges) -> Iterator[tuple[int, int]]:
    edges = [(0, 0), *taken, (2**64, 2**64)]
    free = [(before[1] + 1, after[0] - 1) for before, after in pairwise(edges)]
    yield from intersect_ranges(numbers, tuple(free))


def intersect_ranges(some: Ranges, others: Ranges) -> Iterator[tuple[int, int]]:
    """Yield the ranges of the numbers that are in both."""
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
    """Return how many numbers the ranges hold."""
    return sum(last - first + 1 for first, last in numbers)


def range_contains(numbers: Ranges, number: int) -> bool:
    """Return whether a number is in one of the ranges."""
    return any(first <= number <= last for first, last in numbers)
