"""Quantities and money as decimals: compared as they were written, not as binary floats.

0.1 + 0.2 received of 0.3 ordered is all of it, and a price that is exactly 2 % up is within a
tolerance of 2 %.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

ZERO = Decimal()


def decimal_of(value: float | str | Decimal) -> Decimal:
    """Return the decimal that a number is written as: 0.1 is 0.1, not 0.1000000000000000055."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


def sum_decimals(values: Iterable[float | None]) -> Decimal:
    """Add up numbers as decimals; a missing one counts as 0."""
    return sum((decimal_of(value) for value in values if value is not None), ZERO)


def half_last_digit(value: float | str | Decimal) -> Decimal:
    """Return half a unit of the last digit that a number is written with: 0.005 of 4.62, 0.5 of 7.

    Zeros at the end are not counted, as binary floats do not keep them.
    """
    exponent = decimal_of(value).normalize().as_tuple().exponent
    digits = -exponent if isinstance(exponent, int) else 0
    return Decimal(1).scaleb(-max(digits, 0)) / 2
