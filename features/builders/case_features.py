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
    """A text column of the case as a category."""
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
    """A number column of the case as it is."""
    return Feature(
        str(column),
        theme,
        unit,
        f"{column.meaning} not stated",
        sentence,
        lambda cases: cases.number(column),
    )


def calendar_feature(
    name: str,
    read: Callable[[Moments], Floats],
    of: Callable[[Cases], Moments],
    words: str,
    missing: str = "the date is not stated",
) -> Feature:
    """A reading of a moment's place in week, month or year."""
    return Feature(
        name,
        Theme.TIMING,
        "calendar",
        missing,
        words,
        lambda cases: read(of(cases)),
    )


def weekday(moment: Moments) -> Floats:
    """1 Monday to 7 Sunday, in UTC; missing where the moment is."""
    days = moment.astype("datetime64[D]").astype(np.int64)
    return _missing_without_moment(moment, (days + 3) % 7 + 1)  # 1970-01-01 was a Thursday


def month(moment: Moments) -> Floats:
    """1 January to 12 December."""
    return _missing_without_moment(moment, moment.astype("datetime64[M]").astype(np.int64) % 12 + 1)


def day_of_month(moment: Moments) -> Floats:
    """1 to 31."""
    first = moment.astype("datetime64[M]").astype("datetime64[D]")
    return _missing_without_moment(
        moment, (moment.astype("datetime64[D]") - first).astype(np.int64) + 1
    )


def days_to_quarter_end(moment: Moments) -> Floats:
    """Days from the moment's day to the last day of its quarter."""
    quarter = moment.astype("datetime64[M]").astype(np.int64) // 3
    following = ((quarter + 1) * 3).astype("datetime64[M]").astype("datetime64[D]")
    left = (following - moment.astype("datetime64[D]")).astype(np.int64) - 1
    return _missing_without_moment(moment, left)


def hour(moment: Moments) -> Floats:
    """Hour of the day, 0 to 23, in UTC."""
    return _missing_without_moment(moment, moment.astype("datetime64[h]").astype(np.int64) % 24)


def round_six_decimals(values: Floats) -> Floats:
    """Values to six decimals: what is equal on paper differs by exactly zero."""
    return np.round(values, 6) + 0.0  # and never by -0.0


def flag_or_missing(condition: Flags, known: Flags) -> Floats:
    """1.0 and 0.0, missing where it is not known."""
    return np.where(known, condition.astype(np.float64), np.nan)


def is_stated(text: Texts) -> Flags:
    """Where a text is there."""
    return np.asarray([value is not None for value in text], dtype=np.bool_)


def is_one_of(text: Texts, wanted: Sequence[str]) -> Flags:
    """Where a text is one of those; of a few, asking for each is quickest."""
    found = np.zeros(len(text), dtype=np.bool_)
    for one in wanted:
        found |= text == str(one)
    return found


def _missing_without_moment(moment: Moments, values: NDArray[np.int64]) -> Floats:
    return np.where(np.isnat(moment), np.nan, values.astype(np.float64))
