"""Intermediate values shared by features are computed once per set of cases."""

from dataclasses import replace

import numpy as np
import pytest

from features.cases import Cases, cached_with_cases

MOMENT = np.array(["2026-03-10"], dtype="datetime64[us]")


def cases(value):
    return Cases(MOMENT, MOMENT.astype("datetime64[D]"), {"x": np.array([value])}, {}, {})


@pytest.fixture
def counted():
    made = []

    @cached_with_cases
    def times(cases, factor):
        made.append(factor)
        return cases.number("x") * factor

    return times, made


def test_it_is_made_once_for_each_of_its_arguments(counted):
    times, made = counted
    one = cases(2.0)
    assert [times(one, 3)[0], times(one, 3)[0], times(one, 4)[0]] == [6.0, 6.0, 8.0]
    assert made == [3, 4]


def test_other_cases_have_their_own(counted):
    times, _ = counted
    one, other = cases(2.0), cases(5.0)
    assert (times(one, 3)[0], times(other, 3)[0]) == (6.0, 15.0)
    changed = replace(one, columns={"x": np.array([7.0])})
    assert times(changed, 3)[0] == 21.0


def test_no_feature_can_write_to_what_another_is_made_of(counted):
    times, _ = counted
    with pytest.raises(ValueError, match="read-only"):
        times(cases(2.0), 3)[0] = 0.0
