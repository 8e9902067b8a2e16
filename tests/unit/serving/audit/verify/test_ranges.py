"""Ranges of numbers are sets of numbers, written shorter."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from serving.audit.verify.ranges import both, count, holds, merged, without

NUMBERS = st.frozensets(st.integers(1, 40))


def ranges(numbers):
    return merged((n, n) for n in numbers)


def numbers(ranges):
    return {n for first, last in ranges for n in range(first, last + 1)}


@given(NUMBERS, NUMBERS)
def test_ranges_are_sets(some, others):
    one, two = ranges(some), ranges(others)
    assert numbers(one) == some
    assert numbers(merged([*one, *two])) == some | others
    assert numbers(both(one, two)) == some & others
    assert numbers(without(one, two)) == some - others
    assert count(one) == len(some)
    assert all(holds(one, n) == (n in some) for n in range(1, 41))


@given(NUMBERS)
def test_neighbours_are_one_range(some):
    made = ranges(some)
    assert all(a[1] + 1 < b[0] for a, b in pairwise(made))
