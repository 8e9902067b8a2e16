"""Parse the cells of an extract into values of one canonical column, as the mapping says."""

from __future__ import annotations

import re
from functools import reduce

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data.contracts.table import Column, Kind, dtype_of
from data.source_batch import build_findings, merge_findings, no_findings
from data.sources.extracts.mapping import (
    CONVERTED_DECIMALS,
    AmbiguousTime,
    DecimalMark,
    Factor,
    FieldMapping,
    NonexistentTime,
    SiteMapping,
    ThousandsMark,
)

_OFFSET = r"(?:[+-]\d{2}:?\d{2}|Z)"
_DATE, _TIME = re.compile(r"%[YymdbBj]"), re.compile(r"%[HIMSpfz]")
_EPOCH = pd.Timestamp("1900-01-01")  # the day strptime gives to a time without one


def parse_timestamps(
    texts: pd.Series, formats: tuple[str, ...], mapping: SiteMapping, column: str
) -> tuple[pd.Series, pd.DataFrame]:
    """Parse texts as moments in UTC, with findings for invalid ones. Missing stays missing."""
    offset = "%z" in formats[0]
    parsed = _parse_by_format(texts, formats[0])
    for form in formats[1:]:
        parsed = parsed.fillna(_parse_by_format(texts[parsed.isna()], form))
    unread = np.flatnonzero(parsed.isna() & texts.notna())
    findings = build_findings(
        unread,
        column,
        list(texts.iloc[unread]),
        _unparsed_problems(texts.iloc[unread], formats, mapping),
    )
    if offset:
        return parsed, findings
    moments, odd = localize_times(parsed, mapping, texts, column)
    return moments, merge_findings([findings, odd])


def localize_times(
    local: pd.Series, mapping: SiteMapping, shown: pd.Series, column: str
) -> tuple[pd.Series, pd.DataFrame]:
    """Local times of the mapping's zone as moments in UTC; see Ambiguous and Nonexistent."""
    keep = mapping.ambiguous_time is not AmbiguousTime.QUARANTINE
    earlier = np.full(len(local), mapping.ambiguous_time is AmbiguousTime.EARLIER)
    forward = mapping.nonexistent_time is NonexistentTime.FORWARD
    there = local.dt.tz_localize(
        mapping.time_zone,
        ambiguous=earlier if keep else "NaT",
        nonexistent="shift_forward" if forward else "NaT",
    )
    lost = np.flatnonzero(there.isna() & local.notna())
    skipped = local.iloc[lost].dt.tz_localize(
        mapping.time_zone, ambiguous=np.ones(len(lost), dtype=bool), nonexistent="NaT"
    )
    how = {True: "never show", False: "show twice"}
    problems = [
        f"is a time that clocks in {mapping.time_zone} {how[gone]}" for gone in skipped.isna()
    ]
    return there.dt.tz_convert("UTC"), build_findings(
        lost, column, list(shown.iloc[lost]), problems
    )


def _parse_by_format(texts: pd.Series, form: str) -> pd.Series:
    """Parse strictly by one format; texts that do not fit are missing."""
    date, _, time = form.partition(" ")
    moments = pd.Series(pd.NaT, index=texts.index, dtype="datetime64[us]")
    if "%z" in form or _DATE.search(time) or _TIME.search(date) or not time:
        return _strptime(texts, form)
    # Days and times of day repeat: read each once, which is ten times as fast.
    space = pd.Series(pc.find_substring(pa.array(texts), " ").to_pandas(), index=texts.index)
    for at in space.dropna().unique():
        if at < 0:
            continue
        here = texts[space == at]
        days = _parse_distinct(here.str.slice(0, int(at)), date)
        times = _parse_distinct(here.str.slice(int(at) + 1), time)
        moments[here.index] = days + (times - _EPOCH)
    return moments


def _parse_distinct(texts: pd.Series, form: str) -> pd.Series:
    codes, distinct = pd.factorize(texts)
    values = _strptime(pd.Series(distinct), form).to_numpy()
    return pd.Series(values[codes], index=texts.index)


def _strptime(texts: pd.Series, form: str) -> pd.Series:
    moments = pd.to_datetime(texts, format=form, errors="coerce", utc="%z" in form)
    unit: pd.Series = moments.dt.as_unit("us")
    return unit


def _unparsed_problems(
    texts: pd.Series, formats: tuple[str, ...], mapping: SiteMapping
) -> list[str]:
    choices = " or ".join(formats)
    plain = f"is not a time in the form {choices}"
    if "%z" in formats[0]:
        other = f"has no offset, the mapping reads {choices}"
        return [plain if re.search(_OFFSET + "$", text) else other for text in texts]
    other = f"has an offset, the mapping reads local times of {mapping.time_zone} ({choices})"
    return [other if re.search(r"\d\s*" + _OFFSET + "$", text) else plain for text in texts]


ParsedColumn = tuple[pd.Series, pd.DataFrame]
"""Values, and findings for what could not be read (which is missing among the values)."""

_TEXT = dtype_of(Kind.TEXT)


def parse_column(
    column: Column, field: FieldMapping, cells: pd.DataFrame, mapping: SiteMapping
) -> ParsedColumn:
    """Parse one canonical column from the cells of a file.

    Steps: see `data.sources.extracts.mapping`.
    """
    if column.kind is Kind.NUMBER:
        return _parse_number(column, field, cells, mapping)
    if column.kind is Kind.MOMENT and cells[field.sources[0]].dtype.kind == "M":
        return _localize_typed_moment(column, cells[field.sources[0]], mapping)
    if column.kind is Kind.FLAG and cells[field.sources[0]].dtype.kind == "b":
        return cells[field.sources[0]], no_findings()
    if field.codes:
        return _look_up_codes(column, field, _text(cells[field.sources[0]]), mapping)
    joined, broken = _join_columns(column, field, cells, mapping)
    if column.kind is Kind.MOMENT:
        moments, unread = parse_timestamps(
            joined, field.formats or mapping.formats, mapping, column
        )
        return moments, merge_findings([broken, unread])
    return field.prefix + joined, broken


def _text(values: pd.Series) -> pd.Series:
    """Convert cells to text: Parquet may hold numbers where the contract has an id."""
    if values.dtype == _TEXT:
        return values.str.strip()
    return values.astype(_TEXT)


def _mask_missing(values: pd.Series, mapping: SiteMapping) -> pd.Series:
    return values.mask(values.isin(mapping.missing))


def _join_columns(
    column: str, field: FieldMapping, cells: pd.DataFrame, mapping: SiteMapping
) -> ParsedColumn:
    parts = [_mask_missing(_text(cells[name]), mapping) for name in field.sources]
    joined = reduce(lambda left, right: left + field.separator + right, parts)
    if len(parts) == 1:
        return joined, no_findings()
    some = np.any([part.notna() for part in parts], axis=0)
    rows = np.flatnonzero(joined.isna() & some)
    values = [field.separator.join(str(p.fillna("").iloc[row]) for p in parts) for row in rows]
    problem = f"is not complete: it takes {' and '.join(field.sources)}"
    return joined, build_findings(rows, column, values, problem)


def _look_up_codes(
    column: Column, field: FieldMapping, texts: pd.Series, mapping: SiteMapping
) -> ParsedColumn:
    if "" in field.codes:
        texts = texts.fillna("")
    values = texts.map(field.codes)
    known = texts.isin(list(field.codes)) | _mask_missing(texts, mapping).isna()
    rows = np.flatnonzero(~known)
    choices = ", ".join(code or "blank" for code in field.codes)
    return (
        values.astype(dtype_of(column.kind)),
        build_findings(rows, column, list(texts.iloc[rows]), f"is not one of {choices}"),
    )


def _localize_typed_moment(column: Column, values: pd.Series, mapping: SiteMapping) -> ParsedColumn:
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return values, no_findings()
    return localize_times(values, mapping, values.astype(str), column)


def _parse_number(
    column: Column, field: FieldMapping, cells: pd.DataFrame, mapping: SiteMapping
) -> ParsedColumn:
    values, findings = _parse_numbers(column, cells[field.sources[0]], mapping)
    parts = [findings]
    for factor, power in ((field.times, 1), (field.over, -1)):
        if factor is None:
            continue
        scale, unknown = _conversion_factor(column, factor, cells, values.notna(), mapping)
        values = values * scale if power > 0 else values / scale
        parts.append(unknown)
    if len(parts) > 1:
        # Six decimals are the nearest double of the decimal meant: 149.88 / 12 is 12.49.
        values = values.round(CONVERTED_DECIMALS)
    return values, merge_findings(parts)


def _parse_numbers(column: str, cells: pd.Series, mapping: SiteMapping) -> ParsedColumn:
    if cells.dtype.kind in "iuf":
        return pd.Series(cells.to_numpy(np.float64, na_value=np.nan)), no_findings()
    texts = _mask_missing(_text(cells), mapping)
    fits = _matches_number_marks(texts, mapping.decimal, mapping.thousands)
    values = _to_floats(texts.where(fits), mapping.decimal, mapping.thousands)
    rows = np.flatnonzero(~fits & texts.notna())
    return values, build_findings(
        rows, column, list(texts.iloc[rows]), _misread_number_problems(texts, rows, mapping)
    )


def _matches_number_marks(texts: pd.Series, decimal: str, thousands: str) -> pd.Series:
    """Return which texts are numbers in these marks; SAP writes the sign behind the number."""
    d, t = re.escape(decimal), re.escape(thousands)
    integer = rf"(?:[0-9]+|[0-9]{{1,3}}(?:{t}[0-9]{{3}})+)" if thousands else "[0-9]+"
    plain = rf"(?:{integer}(?:{d}[0-9]+)?|{d}[0-9]+)"
    return texts.str.fullmatch(rf"(?:[+-]?{plain}|{plain}-)").fillna(value=False).astype(bool)


def _to_floats(texts: pd.Series, decimal: str, thousands: str) -> pd.Series:
    if thousands:
        texts = texts.str.replace(thousands, "", regex=False)
    if decimal != DecimalMark.POINT:
        texts = texts.str.replace(decimal, ".", regex=False)
    behind = texts.str.endswith("-").fillna(value=False).astype(bool)
    if behind.any():
        texts = texts.where(~behind, "-" + texts.str.slice(stop=-1))
    return texts.astype(np.float64)


def _misread_number_problems(texts: pd.Series, rows: np.ndarray, mapping: SiteMapping) -> list[str]:
    other = DecimalMark.COMMA if mapping.decimal is DecimalMark.POINT else DecimalMark.POINT
    swapped = ThousandsMark.POINT if other is DecimalMark.COMMA else ThousandsMark.COMMA
    marks = f"decimal mark {str(mapping.decimal)!r}"
    if mapping.thousands:
        marks += f" and thousands mark {str(mapping.thousands)!r}"
    plain = f"is not a number with {marks}"
    hint = f"{plain}; it looks like decimal mark {str(other)!r}"
    return [
        hint if like else plain for like in _matches_number_marks(texts.iloc[rows], other, swapped)
    ]


def _conversion_factor(
    column: str, factor: Factor, cells: pd.DataFrame, needed: pd.Series, mapping: SiteMapping
) -> tuple[pd.Series | float, pd.DataFrame]:
    if factor.constant is not None:
        return factor.constant, no_findings()
    assert factor.column is not None
    texts = _text(cells[factor.column])
    if factor.factors:
        scale = texts.map(factor.factors).astype(np.float64)
        takes = f"one of {', '.join(factor.factors)}"
    else:
        scale, _ = _parse_numbers(column, cells[factor.column], mapping)
        scale = scale.where(scale > 0)
        takes = "a number above zero"
    rows = np.flatnonzero(scale.isna() & needed)
    shown = list(texts.fillna("").iloc[rows])
    return scale, build_findings(rows, column, shown, f"in {factor.column} is not {takes}")
