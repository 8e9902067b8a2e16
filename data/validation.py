"""Validate rows against the contract of their table: types, pandera schema, the two clocks.

Nothing is guessed: a text is never read as a number here, and a time without a zone is not
a moment. Reading texts is the business of sources.

Types first, then the pandera schema of the table (all failures, not the first), then the
two clocks. A row that fails is named with every column that fails. Units and currencies become
codes of their lists where they are known, and stay as they are written where they are not.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from numbers import Real
from typing import Any, assert_never

import numpy as np

from data.contracts.table import HAPPENED_AT, KNOWN_AT, CodeList, Column, Kind, Table, dtype_of
from data.lazy_imports import pandera_errors, pd
from data.reference.currencies import currency_code
from data.reference.units import unit_code
from data.source_batch import (
    MISSING,
    build_findings,
    merge_findings,
    no_findings,
    rows_with_findings,
)

EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Moments outside are typing errors or stand for "never"; neither is a moment."""


def coerce_column(column: Column, values: pd.Series) -> tuple[pd.Series, pd.DataFrame]:
    """The values in the column's type, and findings for those that have none.

    values: a series indexed 0..n-1. Missing stays missing.
    """
    converted = _convert_by_dtype(column.kind, values)
    if converted is None:
        converted = _convert_cell_by_cell(column.kind, values)
    converted = _drop_out_of_range(column.kind, converted)
    lost = np.flatnonzero((converted.isna() & ~_missing(values)).to_numpy())
    if not len(lost):
        return converted, no_findings()
    return converted, build_findings(
        lost, column, list(values.iloc[lost]), _PROBLEM_OF_KIND[column.kind]
    )


_PROBLEM_OF_KIND = {
    Kind.TEXT: "is not text",
    Kind.NUMBER: "is not a finite number",
    Kind.FLAG: "is not one of True, False",
    Kind.MOMENT: f"is not a moment with a time zone between {EARLIEST.year} and {LATEST.year}",
}


def _convert_by_dtype(kind: Kind, values: pd.Series) -> pd.Series | None:
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


def _convert_cell_by_cell(kind: Kind, values: pd.Series) -> pd.Series:
    """Cell by cell, for columns of mixed types."""
    one = _CELL_CONVERTERS[kind]
    cells = [one(value) for value in values.astype(object)]
    if kind is Kind.MOMENT:
        return _utc(pd.Series(pd.to_datetime(cells, utc=True), index=values.index))
    return pd.Series(cells, index=values.index, dtype=dtype_of(kind))  # type: ignore[no-any-return]


def _utc(values: pd.Series) -> pd.Series:
    moments: pd.Series = values.dt.tz_convert("UTC").dt.as_unit("us")
    return moments


def _drop_out_of_range(kind: Kind, values: pd.Series) -> pd.Series:
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


_CELL_CONVERTERS: dict[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.FLAG: _flag,
    Kind.MOMENT: _moment,
}


def validate(table: Table, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows that keep the contract (index: their positions), and other rows' findings."""
    conformed, broken = check_contract(table, frame)
    return conformed.drop(index=rows_with_findings(broken)), broken


def check_contract(table: Table, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Convert rows to the table's types (missing where impossible), and return the findings.

    Raises:
        ValueError: where the frame has a column that the table has not.
    """
    if unknown := [column for column in frame.columns if column not in table.columns]:
        raise ValueError(
            f"{table.name} has no column {', '.join(map(repr, unknown))}; "
            f"it has {', '.join(table.columns)}"
        )
    conformed, unreadable = _coerce_columns(table, frame.reset_index(drop=True))
    return conformed, merge_findings(
        [unreadable, _schema_findings(table, conformed), _clock_findings(table, conformed)]
    )


def _coerce_columns(table: Table, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    columns, findings = {}, []
    empty = table.empty().reindex(frame.index)
    for column in table.columns:
        values = frame[column] if column in frame else empty[column]
        converted, lost = coerce_column(column, values)
        columns[str(column)] = with_known_codes(column, converted)
        findings.append(lost)
    return pd.DataFrame(columns, index=frame.index), merge_findings(findings)


def with_known_codes(column: Column, values: pd.Series) -> pd.Series:
    """Return texts as codes of the column's list; what the list has not stays as it is written."""
    if column.code_list is None:
        return values
    codes = {text: _code(column.code_list, text) or text for text in values.dropna().unique()}
    if all(text == code for text, code in codes.items()):
        return values
    known: pd.Series = values.map(codes).astype(values.dtype)
    return known


def count_unknown_codes(table: Table, frame: pd.DataFrame) -> Counter[tuple[str, str]]:
    """Count texts that are in no list of codes, by column and text."""
    unknown = Counter[tuple[str, str]]()
    for column in table.columns:
        if column.code_list is None:
            continue
        for text, times in frame[column].value_counts().items():
            if _code(column.code_list, str(text)) is None:
                unknown[str(column), str(text)] += int(times)
    return unknown


def _code(codes: CodeList, text: str) -> str | None:
    match codes:
        case CodeList.UNIT:
            return unit_code(text)
        case CodeList.CURRENCY:
            return currency_code(text)
        case _:
            assert_never(codes)


def _schema_findings(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    parts = [
        _blank_text_findings(column, frame[column]) for column in table.columns if column.required
    ]
    try:
        table.schema.validate(frame, lazy=True)
    except pandera_errors.SchemaErrors as error:
        cases = error.failure_cases
        for (name, rule), group in cases.groupby(["column", "check"], sort=False):
            column = table.column(str(name))
            rows = group["index"].to_numpy(dtype=np.int64)
            parts.append(
                build_findings(
                    rows, column, list(group["failure_case"]), _problem(column, str(rule))
                )
            )
    return merge_findings(parts)


def _blank_text_findings(column: Column, values: pd.Series) -> pd.DataFrame:
    """Find required texts that hold nothing but blanks; they count as missing."""
    if column.kind is not Kind.TEXT:
        return no_findings()
    rows = np.flatnonzero((values.str.strip() == "").to_numpy(dtype=bool, na_value=False))
    return build_findings(rows, column, [], MISSING)


def _problem(column: Column, rule: str) -> str:
    if rule == "not_nullable":
        return MISSING
    if rule.startswith("isin"):
        return f"is not one of {', '.join(column.allowed)}"
    if rule.startswith("greater_than_or_equal_to"):
        return f"is not at least {column.minimum:g}"
    return f"breaks {rule}"


def _clock_findings(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """Find observations known before they happened. Plans and documents may be."""
    if not table.observed:
        return no_findings()
    early = np.flatnonzero((frame[KNOWN_AT] < frame[HAPPENED_AT]).to_numpy(dtype=bool))
    happened = frame[HAPPENED_AT].iloc[early]
    problems = [f"is not at or after {HAPPENED_AT} {at.isoformat()}" for at in happened]
    return build_findings(early, KNOWN_AT, list(frame[KNOWN_AT].iloc[early]), problems)
