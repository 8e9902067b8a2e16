"""Build features from columns of the case: categories, numbers, calendar positions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from data.contracts.table import Column
from features.cases import Cases
from features.feature import Feature, FeatureKind, Floats, Theme

Moments = NDArray[np.datetime64]
Texts = NDArray[np.object_]
Flags = NDArray[np.bool_]


def category_feature(column: Column, theme: Theme, label: str) -> Feature:
    """Build a category from a text column of the case."""
    return Feature(
        str(column),
        theme,
        "",
        f"{label} not stated",
        f"{label}: {{value}}",
        lambda cases: cases.text(column),
        FeatureKind.CATEGORY,
    )


def number_feature(column: Column, theme: Theme, unit: str, sentence: str) -> Feature:
    """Build a number from a numeric column of the case."""
    return Feature(
        str(column),
        theme,
        unit,
        f"{column.meaning.partition(';')[0]} not stated",
        sentence,
        lambda cases: cases.number(column),
    )


YEAR_DAYS = 365
QUARTER_DAYS = 92


def calendar_feature(
    name: str,
    read: Callable[[Moments], Floats],
    of: Callable[[Cases], Moments],
    words: str,
    missing: str = "the date is not stated",
    cycle_days: int = 0,
) -> Feature:
    """Build a number that says where a moment lies in its week, month or year.

    cycle_days: length of what it lies in, where that takes long to be seen once.
    """
    return Feature(
        name,
        Theme.TIMING,
        "calendar",
        missing,
        words,
        lambda cases: read(of(cases)),
        cycle_days=cycle_days,
    )


def weekday(moment: Moments) -> Floats:
    """Return the UTC weekday, 1 Monday to 7 Sunday; missing where the moment is missing."""
    days = moment.astype("datetime64[D]").astype(np.int64)
    return _missing_without_moment(moment, (days + 3) % 7 + 1)  # 1970-01-01 was a Thursday


def month(moment: Moments) -> Floats:
    """Return the month, 1 January to 12 December."""
    return _missing_without_moment(moment, moment.astype("datetime64[M]").astype(np.int64) % 12 + 1)


def day_of_month(moment: Moments) -> Floats:
    """Return the day of the month, 1 to 31."""
    first = moment.astype("datetime64[M]").astype("datetime64[D]")
    return _missing_without_moment(
        moment, (moment.astype("datetime64[D]") - first).astype(np.int64) + 1
    )


def days_to_quarter_end(moment: Moments) -> Floats:
    """Return the days from the moment's day to the last day of its quarter."""
    quarter = moment.astype("datetime64[M]").astype(np.int64) // 3
    following = ((quarter + 1) * 3).astype("datetime64[M]").astype("datetime64[D]")
    left = (following - moment.astype("datetime64[D]")).astype(np.int64) - 1
    return _missing_without_moment(moment, left)


def hour(moment: Moments) -> Floats:
    """Return the hour of the day in UTC, 0 to 23."""
    return _missing_without_moment(moment, moment.astype("datetime64[h]").astype(np.int64) % 24)


def round_six_decimals(values: Floats) -> Floats:
    """Round to six decimals, so that numbers equal on paper differ by exactly zero."""
    return np.round(values, 6) + 0.0  # and never by -0.0


def flag_or_missing(condition: Flags, known: Flags) -> Floats:
    """Convert a condition to 1.0 and 0.0, missing where it is not known."""
    return np.where(known, condition.astype(np.float64), np.nan)


def is_stated(text: Texts) -> Flags:
    """Return where a text is stated."""
    return np.asarray([value is not None for value in text], dtype=np.bool_)


def is_one_of(text: Texts, wanted: Sequence[str]) -> Flags:
    """Return where a text is one of a few wanted ones; comparing with each is quickest."""
    found = np.zeros(len(text), dtype=np.bool_)
    for one in wanted:
        found |= text == str(one)
    return found


def _missing_without_moment(moment: Moments, values: NDArray[np.int64]) -> Floats:
    return np.where(np.isnat(moment), np.nan, values.astype(np.float64))
