"""Numbers are compared as they were written."""

from decimal import Decimal

import pytest

from data.decimals import decimal_of, half_last_digit, sum_decimals


def test_parts_that_add_up_to_the_whole_equal_it():
    assert sum_decimals([0.1, 0.2]) == decimal_of(0.3)
    assert 0.1 + 0.2 != 0.3  # what it is for


def test_a_missing_number_counts_as_nothing():
    assert sum_decimals([1.5, None]) == Decimal("1.5")
    assert sum_decimals([]) == 0


@pytest.mark.parametrize(
    ("number", "half"),
    [
        (4.62, "0.005"),
        (0.0374, "0.00005"),
        (7, "0.5"),
        (7.0, "0.5"),
        (1200.0, "0.5"),
        (1e-7, "5e-8"),
    ],
)
def test_a_number_is_exact_to_half_of_its_last_digit(number, half):
    assert half_last_digit(number) == Decimal(half)
