"""Numbers are compared as they were written."""

from decimal import Decimal

from data.decimals import decimal_of, sum_decimals


def test_parts_that_add_up_to_the_whole_equal_it():
    assert sum_decimals([0.1, 0.2]) == decimal_of(0.3)
    assert 0.1 + 0.2 != 0.3  # what it is for


def test_a_missing_number_counts_as_nothing():
    assert sum_decimals([1.5, None]) == Decimal("1.5")
    assert sum_decimals([]) == 0
