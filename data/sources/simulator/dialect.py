"""Canonical values in a site's own words: what reading with its mapping turns back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.contracts.table import Column, Kind
from data.sources.fields import Factor, FieldMapping
from data.sources.mapping import Mapping

Texts = Any  # pyarrow string arrays, which have no types to check against

_DECIMALS = 6


def written(
    column: Column,
    field: FieldMapping,
    values: pd.Series,
    factors: dict[str, NDArray[np.float64]],
    mapping: Mapping,
) -> dict[str, Texts]:
    """The file's columns that hold one canonical column; factors are by the file's column."""
    match column.kind:
        case Kind.NUMBER:
            texts = _number(_unscaled(values, field, factors), mapping)
        case Kind.MOMENT:
            texts = _moment(values, (field.formats or mapping.formats)[0], mapping.time_zone)
        case Kind.TEXT | Kind.FLAG if field.codes:
            texts = _code(values, field.codes)
        case Kind.TEXT | Kind.FLAG:
            text = pa.array(values, pa.string())
            texts = pc.utf8_slice_codeunits(text, len(field.prefix)) if field.prefix else text
    blank = mapping.missing[-1 if column.kind is Kind.MOMENT else 0]
    if len(field.sources) == 1:
        return {field.sources[0]: pc.fill_null(texts, blank)}
    count = len(field.sources)
    parts = pc.split_pattern(texts, field.separator, max_splits=count - 1, reverse=True)
    empty = mapping.missing[0]
    return {
        source: pc.fill_null(pc.list_element(parts, at), empty)
        for at, source in enumerate(field.sources)
    }


def _unscaled(
    values: pd.Series, field: FieldMapping, factors: dict[str, NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Numbers as they stand in the file, before `times` and `over` are applied."""
    numbers = values.to_numpy(np.float64)
    if field.times is not None:
        numbers = numbers / _size(field.times, factors)
    if field.over is not None:
        numbers = numbers * _size(field.over, factors)
    scaled = field.times is not None or field.over is not None
    return np.round(numbers, _DECIMALS) if scaled else numbers


def _size(factor: Factor, factors: dict[str, NDArray[np.float64]]) -> NDArray[np.float64] | float:
    if factor.constant is not None:
        return factor.constant
    assert factor.column is not None
    return factors[factor.column]


def _number(numbers: NDArray[np.float64], mapping: Mapping) -> Texts:
    """Numbers with the site's marks; thousands are set apart where there are any."""
    plain = pc.cast(pa.array(numbers, from_pandas=True), pa.string())
    plain = pc.replace_substring_regex(plain, r"\.0$", "")
    if mapping.thousands:
        big = np.flatnonzero(np.abs(np.nan_to_num(numbers)) >= 1000)
        texts = plain.to_numpy(zero_copy_only=False)
        texts[big] = [_apart(texts[at]) for at in big]
        plain = pa.array(texts, pa.string(), from_pandas=True)
    swapped = pc.replace_substring(plain, ".", "#")
    swapped = pc.replace_substring(swapped, ",", str(mapping.thousands))
    return pc.replace_substring(swapped, "#", str(mapping.decimal))


def _apart(text: str) -> str:
    whole, point, rest = text.partition(".")
    return f"{int(whole):,}{point}{rest}"


def _moment(values: pd.Series, form: str, zone: str) -> Texts:
    local = pa.array(values.dt.tz_convert(zone).dt.tz_localize(None))
    return pc.strftime(local.cast(pa.timestamp("s")), format=form)


def _code(values: pd.Series, codes: dict[str, str | bool]) -> Texts:
    """The first code that stands for each value."""
    known = {value: code for code, value in reversed(codes.items())}
    return pa.array(values.map(known), pa.string(), from_pandas=True)
