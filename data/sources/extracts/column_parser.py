"""Parse the cells of an extract into values of one canonical column, as the mapping says."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from data.contracts.table import CodeList, Column, Kind, dtype_of
from data.source_batch import build_findings, merge_findings, no_findings
from data.sources.extracts.cell_texts import (
    ParsedColumn,
    code_keys,
    is_decimal,
    join_columns,
    mask_missing,
    texts_of,
)
from data.sources.extracts.field_mapping import CONVERTED_DECIMALS, Factor, FieldMapping
from data.sources.extracts.file_conventions import DecimalMark, ThousandsMark
from data.sources.extracts.mapping import SiteMapping
from data.sources.extracts.moments import read_moments, settle

# What writers of a mark put for it: CLDR groups French digits with U+202F, spreadsheets with
# U+00A0, and Swiss ones with U+2019.
SAME_MARK = {ThousandsMark.SPACE: " \u00a0\u202f\u2009\u2007", ThousandsMark.APOSTROPHE: "'\u2019"}
MINUS = "\u2212"  # the sign that CLDR has for Swedish, Norwegian and others


def parse_column(
    column: Column, field: FieldMapping, cells: pd.DataFrame, mapping: SiteMapping
) -> ParsedColumn:
    """Parse one canonical column from the cells of a file.

    Steps: see `data.sources.extracts.mapping`.
    """
    if column.kind is Kind.NUMBER:
        return _parse_number(column, field, cells, mapping)
    if column.kind is Kind.MOMENT:
        return settle(column, read_moments(column, field, cells, mapping), mapping)
    if column.kind is Kind.FLAG and cells[field.sources[0]].dtype.kind == "b":
        return cells[field.sources[0]], no_findings()
    if field.codes:
        return _look_up_codes(column, field, cells, mapping)
    joined, broken = join_columns(column, field, cells, mapping)
    if column.code_list is CodeList.UNIT and mapping.units:
        joined = _source_units(joined, mapping)
    return field.prefix + joined, broken


def _source_units(texts: pd.Series, mapping: SiteMapping) -> pd.Series:
    """Replace the source's own words for units, in any case."""
    known = {word.casefold(): code for word, code in mapping.units.items()}
    return texts.str.casefold().map(known).astype(texts.dtype).fillna(texts)


def _look_up_codes(
    column: Column, field: FieldMapping, cells: pd.DataFrame, mapping: SiteMapping
) -> ParsedColumn:
    texts = code_keys(field, cells)
    if "" in field.codes:
        texts = texts.fillna("")
    values = texts.map(field.codes)
    known = texts.isin(list(field.codes)) | mask_missing(texts, mapping).isna()
    rows = np.flatnonzero(~known)
    choices = ", ".join(code or "blank" for code in field.codes)
    return (
        values.astype(dtype_of(column.kind)),
        build_findings(rows, column, list(texts.iloc[rows]), f"is not one of {choices}"),
    )


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
    if is_decimal(cells.dtype):  # its scale is its own: marks are for texts
        return pd.Series(cells.astype(object).to_numpy(np.float64, na_value=np.nan)), no_findings()
    texts = mask_missing(texts_of(cells), mapping)
    plain = texts
    fits = _matches_number_marks(texts, mapping.decimal, mapping.thousands)
    if (odd := ~fits & texts.notna()).any():
        plain = texts.mask(odd, _plain_marks(texts[odd], mapping))
        fits = _matches_number_marks(plain, mapping.decimal, mapping.thousands)
    values = _to_floats(plain.where(fits), mapping.decimal, mapping.thousands)
    rows = np.flatnonzero(~fits & texts.notna())
    return values, build_findings(
        rows, column, list(texts.iloc[rows]), _misread_number_problems(texts, rows, mapping)
    )


def _plain_marks(texts: pd.Series, mapping: SiteMapping) -> pd.Series:
    """Return texts in which the minus and the thousands mark are written in one way."""
    texts = texts.str.replace(MINUS, "-", regex=False)
    same = SAME_MARK.get(mapping.thousands)
    return texts.str.replace(f"[{same}]", str(mapping.thousands), regex=True) if same else texts


def number_pattern(decimal: str, thousands: str) -> str:
    """Return the regular expression of a number in these marks, with its sign before or behind."""
    d, t = re.escape(decimal), re.escape(thousands)
    integer = rf"(?:[0-9]+|[0-9]{{1,3}}(?:{t}[0-9]{{3}})+)" if thousands else "[0-9]+"
    plain = rf"(?:{integer}(?:{d}[0-9]+)?|{d}[0-9]+)"
    return rf"(?:[+-]?{plain}|{plain}-)"


def _matches_number_marks(texts: pd.Series, decimal: str, thousands: str) -> pd.Series:
    """Return which texts are numbers in these marks; SAP writes the sign behind the number."""
    return texts.str.fullmatch(number_pattern(decimal, thousands)).fillna(value=False).astype(bool)


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
    texts = texts_of(cells[factor.column])
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
