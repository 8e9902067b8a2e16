"""Free stock: what is on hand less what customers are owed, each piece counted once.

A negative stock on hand is owed to customers. What is backordered is promised to customers and
not served, and holds what a negative stock on hand owes: 5 below zero with 5 backordered owes 5.

The functions on arrays and those on single values agree.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from data.decimals import ZERO

Floats = NDArray[np.float64]


def owed_quantity(on_hand: Decimal, backordered: Decimal) -> Decimal:
    """Return what customers are owed: backordered, or what is below zero where that is more."""
    return max(backordered, -on_hand, ZERO)


def free_stock(on_hand: Decimal, backordered: Decimal) -> Decimal:
    """Return what is on hand and owed to no customer; negative is owed beyond the stock."""
    return max(on_hand, ZERO) - owed_quantity(on_hand, backordered)


def free_stocks(on_hand: Floats, backordered: Floats) -> Floats:
    """Return the free stock of each case, see `free_stock`; NaN where none is stated.

    Args:
        on_hand: stock on hand; NaN where it is not stated.
        backordered: what is backordered; NaN where it is not stated, which counts as nothing.
    """
    owed = np.fmax(np.fmax(backordered, -on_hand), 0.0)
    return np.asarray(np.maximum(on_hand, 0.0) - owed, dtype=np.float64)
