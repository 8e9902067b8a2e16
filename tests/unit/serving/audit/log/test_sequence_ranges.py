"""Ranges of numbers are sets of numbers, written shorter."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from serving.audit.log.sequence_ranges import (
    count_sequences,
    intersect_ranges,
    merge_ranges,
    range_contains,
    subtract_ranges,
)

NUMBERS = st.frozensets(st.integers(1, 40))


def ranges(numbers):
    return merge_ranges((n, n) for n in numbers)


def numbers(ranges):
    return {n for first, last in ranges for n in range(first, last + 1)}


@given(NUMBERS, NUMBERS)
def test_ranges_are_sets(some, others):
    one, two = ranges(some), ranges(others)
    assert numbers(one) == some
    assert numbers(merge_ranges([*one, *two])) == some | others
    assert numbers(intersect_ranges(one, two)) == some & others
    assert numbers(subtract_ranges(one, two)) == some - others
    assert count_sequences(one) == len(some)
    assert all(range_contains(one, n) == (n in some) for n in range(1, 41))


@given(NUMBERS)
def test_neighbours_are_one_range(some):
    made = ranges(some)
    assert all(a[1] + 1 < b[0] for a, b in pairwise(made))
