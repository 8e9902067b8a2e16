"""Cells of an extract as texts: trimmed, joined, and with missing values marked."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pandas as pd
import pyarrow as pa

from data.contracts.table import Kind, dtype_of
from data.source_batch import build_findings, merge_findings, no_findings
from data.sources.extracts.field_mapping import FieldMapping
from data.sources.extracts.mapping import SiteMapping

TEXT = dtype_of(Kind.TEXT)
ParsedColumn = tuple[pd.Series, pd.DataFrame]
"""Values, and findings for what could not be read (which is missing among the values)."""

LARGEST_EXACT = 2.0**53  # whole numbers above it are not all floats, so an id may be another one
_NO_ID = "is a number with decimals or above 2^53; ids are texts or whole numbers"


def texts_of(values: pd.Series) -> pd.Series:
    """Return cells as texts: Parquet may hold numbers where the contract has an id.

    A number is the text of a whole number, which is what a float or decimal id is; missing where
    it has decimals or a float may have lost digits.
    """
    if values.dtype == TEXT:
        return values.str.strip()
    if values.dtype.kind == "f":
        numbers = values.to_numpy(np.float64, na_value=np.nan)
        whole = (numbers == np.floor(numbers)) & (np.abs(numbers) < LARGEST_EXACT)
        ids = pd.Series(np.where(whole, numbers, 0), index=values.index).astype(np.int64)
        return ids.astype(TEXT).where(whole)
    if is_decimal(values.dtype):
        return _whole_decimals(values)
    return values.astype(TEXT)


def is_decimal(dtype: object) -> bool:
    """Return whether cells are numbers of a fixed scale, as databases have them."""
    return isinstance(dtype, pd.ArrowDtype) and pa.types.is_decimal(dtype.pyarrow_dtype)


def _whole_decimals(values: pd.Series) -> pd.Series:
    texts = [
        str(int(value)) if pd.notna(value) and value == value.to_integral_value() else None
        for value in values.astype(object)
    ]
    return pd.Series(texts, index=values.index, dtype=TEXT)


def mask_missing(values: pd.Series, mapping: SiteMapping) -> pd.Series:
    """Return texts without those that mean a missing value."""
    return values.mask(values.isin(mapping.missing))


def join_columns(
    column: str, field: FieldMapping, cells: pd.DataFrame, mapping: SiteMapping
) -> ParsedColumn:
    """Join the texts of a field's columns; all missing: missing; some missing: a finding."""
    read = [texts_of(cells[name]) for name in field.sources]
    lost = merge_findings(
        [
            _unreadable(column, cells[name], text)
            for name, text in zip(field.sources, read, strict=True)
        ]
    )
    parts = [mask_missing(text, mapping) for text in read]
    joined = reduce(lambda left, right: left + field.separator + right, parts)
    if len(parts) == 1:
        return joined, lost
    some = np.any([part.notna() for part in parts], axis=0)
    rows = np.flatnonzero(joined.isna() & some)
    values = [field.separator.join(str(p.fillna("").iloc[row]) for p in parts) for row in rows]
    problem = f"is not complete: it takes {' and '.join(field.sources)}"
    return joined, merge_findings([lost, build_findings(rows, column, values, problem)])


def _unreadable(column: str, cells: pd.Series, texts: pd.Series) -> pd.DataFrame:
    """Find numbers that are no ids."""
    if cells.dtype.kind != "f" and not is_decimal(cells.dtype):
        return no_findings()
    rows = np.flatnonzero((texts.isna() & cells.notna()).to_numpy(bool))
    return build_findings(rows, column, [str(cell) for cell in cells.iloc[rows]], _NO_ID)


def code_keys(field: FieldMapping, cells: pd.DataFrame) -> pd.Series:
    """Return what is looked up in a field's codes; of several columns, blanks joined too."""
    if len(field.sources) == 1:
        return texts_of(cells[field.sources[0]])
    parts = [texts_of(cells[name]).fillna("") for name in field.sources]
    return reduce(lambda left, right: left + field.separator + right, parts)
