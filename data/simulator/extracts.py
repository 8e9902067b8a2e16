"""Extracts of the simulated sites, written in each site's own format by inverting its mapping."""

from __future__ import annotations

import re
from collections.abc import Mapping as Frames
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.contracts.catalogue import TABLES
from data.contracts.invoices import INVOICE_LINE_ID
from data.contracts.items import ITEM_ID, PACK_SIZE
from data.contracts.purchase_orders import ORDER_UNIT, PO_LINE_ID
from data.contracts.sites import SITE_ID
from data.contracts.suppliers import SUPPLIER_ID
from data.contracts.table import KNOWN_AT, Column, Kind
from data.sources.extracts.field_mapping import Factor, FieldMapping
from data.sources.extracts.file_conventions import Encoding
from data.sources.extracts.mapping import SiteMapping, TableMapping

TextArray = Any  # pyarrow string arrays, which have no types to check against

_DECIMALS = 6
_TIME_OF_DAY = re.compile("%[HIMSp]")
UTC = "UTC"  # midnight there stands for a calendar day anywhere


def render_column(
    column: Column,
    field: FieldMapping,
    values: pd.Series,
    factors: dict[str, NDArray[np.float64]],
    mapping: SiteMapping,
) -> dict[str, TextArray]:
    """The file's columns that hold one canonical column; factors are by the file's column."""
    match column.kind:
        case Kind.NUMBER:
            texts = _render_numbers(_in_file_units(values, field, factors), mapping)
        case Kind.MOMENT:
            form = (field.formats or mapping.formats)[0]
            day = column.calendar_day and not _TIME_OF_DAY.search(form)
            texts = _render_moments(values, form, UTC if day else mapping.time_zone)
        case Kind.TEXT | Kind.FLAG if field.codes:
            texts = _render_codes(values, field.codes)
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


def _in_file_units(
    values: pd.Series, field: FieldMapping, factors: dict[str, NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Numbers as they stand in the file, before `times` and `over` are applied."""
    numbers = values.to_numpy(np.float64)
    if field.times is not None:
        numbers = numbers / _factor_values(field.times, factors)
    if field.over is not None:
        numbers = numbers * _factor_values(field.over, factors)
    scaled = field.times is not None or field.over is not None
    return np.round(numbers, _DECIMALS) if scaled else numbers


def _factor_values(
    factor: Factor, factors: dict[str, NDArray[np.float64]]
) -> NDArray[np.float64] | float:
    if factor.constant is not None:
        return factor.constant
    assert factor.column is not None
    return factors[factor.column]


def _render_numbers(numbers: NDArray[np.float64], mapping: SiteMapping) -> TextArray:
    """Numbers with the site's marks; thousands are set apart where there are any."""
    plain = pc.cast(pa.array(numbers, from_pandas=True), pa.string())
    plain = pc.replace_substring_regex(plain, r"\.0$", "")
    if mapping.thousands:
        big = np.flatnonzero(np.abs(np.nan_to_num(numbers)) >= 1000)
        texts = plain.to_numpy(zero_copy_only=False)
        texts[big] = [_group_thousands(texts[at]) for at in big]
        plain = pa.array(texts, pa.string(), from_pandas=True)
    swapped = pc.replace_substring(plain, ".", "#")
    swapped = pc.replace_substring(swapped, ",", str(mapping.thousands))
    return pc.replace_substring(swapped, "#", str(mapping.decimal))


def _group_thousands(text: str) -> str:
    integer, point, rest = text.partition(".")
    return f"{int(integer):,}{point}{rest}"


def _render_moments(values: pd.Series, form: str, zone: str) -> TextArray:
    local = pa.array(values.dt.tz_convert(zone).dt.tz_localize(None))
    return pc.strftime(local.cast(pa.timestamp("s")), format=form)


def _render_codes(values: pd.Series, codes: dict[str, str | bool]) -> TextArray:
    """The first code that stands for each value."""
    known = {value: code for code, value in reversed(codes.items())}
    return pa.array(values.map(known), pa.string(), from_pandas=True)


_CASE = "CS"
_HUNDRED = 100.0


def unit_factors(
    fields: dict[Column, FieldMapping], rows: pd.DataFrame, items: pd.DataFrame
) -> tuple[dict[str, NDArray[np.float64]], dict[str, TextArray]]:
    """For each column of the file that holds factors: the factor a row, and what is written."""
    numbers: dict[str, NDArray[np.float64]] = {}
    texts: dict[str, TextArray] = {}
    for name, field in fields.items():
        for factor in (field.times, field.over):
            if factor is None or factor.column is None or factor.column in numbers:
                continue
            if factor.factors:
                users = [c for c, f in fields.items() if f.times == factor]
                codes = _largest_unit(factor, rows[users].to_numpy(np.float64))
                numbers[factor.column] = np.array([factor.factors[code] for code in codes])
                texts[factor.column] = pa.array(list(codes), pa.string())
            else:
                chosen = (
                    _pack_sizes(rows, items) if factor is field.times else _price_unit(rows[name])
                )
                numbers[factor.column] = chosen
                texts[factor.column] = pa.array([f"{n:.0f}" for n in chosen], pa.string())
    return numbers, texts


def _largest_unit(factor: Factor, quantities: NDArray[np.float64]) -> NDArray[np.object_]:
    """For each row the code of the largest unit that all its quantities are whole in."""
    by_size = sorted(factor.factors, key=lambda code: factor.factors[code])
    codes = np.full(len(quantities), by_size[0], dtype=object)
    for code in by_size:
        codes[(quantities % factor.factors[code] == 0).all(axis=1)] = code
    return codes


def _pack_sizes(rows: pd.DataFrame, items: pd.DataFrame) -> NDArray[np.float64]:
    """Pieces in the unit of the order line: a case of the item, or one."""
    sizes = rows[ITEM_ID].map(items.set_index(ITEM_ID)[PACK_SIZE]).to_numpy(np.float64)
    return np.where((rows[ORDER_UNIT] == _CASE).to_numpy(bool), sizes, 1.0)


def _price_unit(values: pd.Series) -> NDArray[np.float64]:
    """Prices finer than cents are written for a hundred."""
    prices = values.to_numpy(np.float64)
    return np.where(np.abs(prices - np.round(prices, 2)) > 1e-9, _HUNDRED, 1.0)


_IGNORED = "100"  # what stands in columns that nobody reads


def write_extracts(
    frames: Frames[str, pd.DataFrame], folder: Path, mappings: Sequence[SiteMapping]
) -> list[Path]:
    """Write the mapped sites' share of the frames as their systems' files, a file a year.

    Reading the folder with the same mappings gives back those rows, value for value. Items
    and suppliers are written by the first site that uses them. Returns the files.
    """
    paths, exported_ids = [], {str(ITEM_ID): set[str](), str(SUPPLIER_ID): set[str]()}
    for mapping in mappings:
        place = folder / mapping.place
        place.mkdir(parents=True, exist_ok=True)
        own = rows_of_site(frames, mapping.site)
        known_items = own["item_units"][ITEM_ID].isin(exported_ids[str(ITEM_ID)])
        own["item_units"] = own["item_units"][~known_items]
        for name, mapped in mapping.tables.items():
            if mapped.file is None:
                continue
            rows = own[name]
            for key, seen in exported_ids.items():
                if TABLES[name].key == (key,):
                    rows = rows[~rows[key].isin(seen)]
                    seen.update(rows[key])
            paths += _write_table(place, mapping, mapped, rows, name=name, items=frames["items"])
    return paths


def rows_of_site(frames: Frames[str, pd.DataFrame], site: str) -> dict[str, pd.DataFrame]:
    """The rows of every table that belong to a site; what it uses of those shared by all."""
    own = {
        name: frame[frame[SITE_ID] == site] for name, frame in frames.items() if SITE_ID in frame
    }
    for name, key, parent in (
        ("receipts", PO_LINE_ID, "purchase_orders"),
        ("supplier_events", PO_LINE_ID, "purchase_orders"),
        ("invoice_outcomes", INVOICE_LINE_ID, "invoices"),
    ):
        own[name] = frames[name][frames[name][key].isin(own[parent][key])]
    own["exchange_rates"] = frames["exchange_rates"]
    for name, key in (("items", ITEM_ID), ("suppliers", SUPPLIER_ID)):
        used = pd.concat([own[other][key] for other in own if key in own[other]])
        own[name] = frames[name][frames[name][key].isin(used)]
    units = frames["item_units"]
    own["item_units"] = units[units[ITEM_ID].isin(own["items"][ITEM_ID])]
    return own


def _write_table(
    place: Path,
    mapping: SiteMapping,
    mapped: TableMapping,
    rows: pd.DataFrame,
    *,
    name: str,
    items: pd.DataFrame,
) -> list[Path]:
    """The files of one table, one for each year in which rows became known."""
    assert mapped.file is not None
    paths = []
    years = rows[KNOWN_AT].dt.year
    for year in sorted(years.unique()) or [0]:
        path = place / mapped.file.replace("*", f"_{year}" if year else "")
        of_year = rows[years == year].reset_index(drop=True)
        _save_file(path, _file_columns(mapping, mapped, name, of_year, items), mapping)
        paths.append(path)
    return paths


def _file_columns(
    mapping: SiteMapping, mapped: TableMapping, name: str, rows: pd.DataFrame, items: pd.DataFrame
) -> dict[str, TextArray]:
    """The file's columns, in the order of the mapping, then those that nobody reads."""
    fields = {TABLES[name].column(column): field for column, field in mapped.columns.items()}
    factors, columns = unit_factors(fields, rows, items)
    for column, field in fields.items():
        columns |= render_column(column, field, rows[column], factors, mapping)
    ignored = dict.fromkeys(mapped.ignore, pa.array([_IGNORED] * len(rows), pa.string()))
    return {column: columns[column] for column in mapped.reads} | ignored


def _save_file(path: Path, columns: dict[str, TextArray], mapping: SiteMapping) -> None:
    """Write one CSV file with a header, quoting fields that need it."""
    mark, end = str(mapping.delimiter), "\r\n"
    quoted = [_quoted(texts, mark) for texts in columns.values()]
    lines = pc.binary_join_element_wise(*quoted, mark).to_pylist()
    text = end.join([mark.join(columns), *lines, ""])
    utf8 = mapping.encoding is Encoding.UTF8
    path.write_bytes(text.encode("utf-8-sig" if utf8 else str(mapping.encoding)))


def _quoted(texts: TextArray, mark: str) -> TextArray:
    needs = pc.or_(pc.match_substring(texts, mark), pc.match_substring(texts, '"'))
    doubled = pc.replace_substring(texts, '"', '""')
    return pc.if_else(needs, pc.binary_join_element_wise('"', doubled, '"', ""), texts)
