"""Each piece that a customer is owed is subtracted once."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.decimals import decimal_of
from data.free_stock import free_stock, free_stocks, owed_quantity

OWED = [  # on hand, backordered, owed, free
    (40, 0, 0, 40),
    (40, 12, 12, 28),
    (40, 40, 40, 0),
    (40, 41, 41, -1),
    (0, 7, 7, -7),
    (-7, 0, 7, -7),
    (-7, 7, 7, -7),
    (-7, 6, 7, -7),
    (-7, 11, 11, -11),
]


@pytest.mark.parametrize(("on_hand", "backordered", "owed", "free"), OWED)
def test_what_is_below_zero_and_what_is_backordered_are_the_same_pieces(
    on_hand, backordered, owed, free
):
    stock = Decimal(on_hand), Decimal(backordered)
    assert (owed_quantity(*stock), free_stock(*stock)) == (owed, free)


def test_pieces_that_are_written_with_decimals_are_all_there():
    assert free_stock(decimal_of(0.3), decimal_of(0.1) + decimal_of(0.2)) == 0


def test_backorders_that_are_not_stated_are_none_and_a_stock_that_is_not_stated_is_missing():
    found = free_stocks(np.array([-7.0, 3.0, np.nan]), np.array([np.nan, np.nan, 4.0]))
    np.testing.assert_array_equal(found, [-7.0, 3.0, np.nan])


quantities = st.integers(-10_000, 10_000)


@given(st.lists(st.tuples(quantities, quantities.map(abs)), max_size=20))
def test_one_item_and_many_get_the_same_free_stock(rows):
    on_hand, backordered = (np.array([row[place] for row in rows], float) for place in (0, 1))
    one_by_one = [float(free_stock(Decimal(a), Decimal(b))) for a, b in rows]
    np.testing.assert_array_equal(free_stocks(on_hand, backordered), one_by_one)
