"""Integer measures: scales and conversions, so that sums are exact on any engine in any order.

Numbers become whole ones by `features.history.integer_measures.scaled_integer`; here are the other
kinds.

One function serves both paths: training asks for the past of each ask at its own day,
serving asks once for every entity as of today (`features.profiles`).
"""

from __future__ import annotations

from data.lazy_imports import ibis, ir

MONEY = 100
QUANTITY = 1_000
PRICE = 100_000
RELATIVE = 1_000_000
DAY_SECONDS = 86_400
LEAST_DIFFERENCE, MOST_DIFFERENCE = -1.0, 10.0


def flag_as_integer(condition: ir.BooleanValue) -> ir.IntegerValue:
    """Return 1 where the condition holds, and 0 where it is false or missing."""
    return condition.cast("int64").fill_null(0)


def integer_literal(value: int) -> ir.IntegerValue:
    """Return the same whole number in every row."""
    return ibis.literal(value, "int64")


def day_number(moment: ir.TimestampValue) -> ir.IntegerValue:
    """Return the days since 1970 of a moment's UTC day, whatever the session's time zone."""
    return (moment.epoch_seconds() // DAY_SECONDS).cast("int64")


def relative_difference(value: ir.NumericValue, expected: ir.NumericValue) -> ir.NumericValue:
    """Return (value - expected) / expected in [-1, 10]; missing unless both are present."""
    change = (value - expected) / expected.nullif(0)
    return change.clip(lower=LEAST_DIFFERENCE, upper=MOST_DIFFERENCE)


def latest_moment(first: ir.TimestampValue, *others: ir.TimestampValue) -> ir.TimestampValue:
    """Return the latest of the moments, ignoring missing ones: since when all of them are known."""
    return ibis.greatest(first, *(ibis.coalesce(other, first) for other in others))


def scaled_integer(value: ibis.Value, scale: int) -> ibis.Value:
    """Convert a number to a whole number of 1/scale units; missing where it cannot be one."""
    return (value * scale).round().try_cast("int64")
