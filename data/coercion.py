"""Cells to the type of their canonical column; what cannot be is missing and reported.

Nothing is guessed: a text is never read as a number here, and a time without a zone is not
a moment. Reading texts is the business of sources.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from data.contracts.table import Column, Kind, dtype_of
from data.findings import findings, none
from data.lazily import pd

EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Moments outside are typing errors or stand for "never"; neither is a moment."""


def coerce(column: Column, values: pd.Series) -> tuple[pd.Series, pd.DataFrame]:
    """The values in the column's type, and findings for those that have none.

    values: a series indexed 0..n-1. Missing stays missing.
    """
    made = _fast(column.kind, values)
    if made is None:
        made = _slow(column.kind, values)
    made = _only_sensible(column.kind, made)
    lost = np.flatnonzero((made.isna() & ~_missing(values)).to_numpy())
    if not len(lost):
        return made, none()
    return made, findings(lost, column, list(values.iloc[lost]), _PROBLEM[column.kind])


_PROBLEM = {
    Kind.TEXT: "is not text",
    Kind.NUMBER: "is not a finite number",
    Kind.FLAG: "is not one of True, False",
    Kind.MOMENT: f"is not a moment with a time zone between {EARLIEST.year} and {LATEST.year}",
}


def _fast(kind: Kind, values: pd.Series) -> pd.Series | None:
    """The whole column at once, where its dtype allows."""
    dtype = values.dtype
    if dtype == dtype_of(kind):
        return values
    if kind is Kind.NUMBER and pd.api.types.is_numeric_dtype(dtype) and dtype.kind in "iuf":
        return pd.Series(values.to_numpy(np.float64, na_value=np.nan))
    if kind is Kind.FLAG and dtype.kind == "b":
        return values.astype(pd.BooleanDtype())
    if kind is Kind.MOMENT and isinstance(dtype, pd.DatetimeTZDtype):
        return _utc(values)
    if kind is Kind.TEXT and isinstance(dtype, pd.StringDtype):
        return values.astype(dtype_of(kind))
    return None


def _slow(kind: Kind, values: pd.Series) -> pd.Series:
    """Cell by cell, for columns of mixed types."""
    one = _ONE[kind]
    cells = [one(value) for value in values.astype(object)]
    if kind is Kind.MOMENT:
        return _utc(pd.Series(pd.to_datetime(cells, utc=True), index=values.index))
    return pd.Series(cells, index=values.index, dtype=dtype_of(kind))  # type: ignore[no-any-return]


def _utc(values: pd.Series) -> pd.Series:
    moments: pd.Series = values.dt.tz_convert("UTC").dt.as_unit("us")
    return moments


def _only_sensible(kind: Kind, values: pd.Series) -> pd.Series:
    if kind is Kind.NUMBER:
        return values.where(np.isfinite(values.to_numpy()))
    if kind is Kind.MOMENT:
        return values.where(values.isna() | ((values >= EARLIEST) & (values < LATEST)))
    return values


def _missing(values: pd.Series) -> pd.Series:
    return values.isna()


def _text(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair: no file can hold it
        return None
    return str(value)


def _number(value: Any) -> float:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (Real, Decimal)):
        return math.nan
    try:
        return float(value)
    except (OverflowError, ValueError):
        return math.nan


def _flag(value: Any) -> bool | None:
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    return bool(value) if isinstance(value, Real) and value in (0, 1) else None


def _moment(value: Any) -> datetime | None:
    try:
        if not isinstance(value, datetime) or value is pd.NaT or value.tzinfo is None:
            return None
        stamp = pd.Timestamp(value)
        return stamp.as_unit("us") if EARLIEST <= stamp < LATEST else None
    except (ValueError, OverflowError):
        return None


_ONE: dict[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.FLAG: _flag,
    Kind.MOMENT: _moment,
}
