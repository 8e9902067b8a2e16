"""Extracts of the simulated sites, written in each site's own format by inverting its mapping."""

from __future__ import annotations

from collections.abc import Mapping as Frames
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data.contracts.catalogue import TABLES
from data.contracts.invoices import INVOICE_LINE_ID
from data.contracts.items import ITEM_ID
from data.contracts.purchase_orders import PO_LINE_ID
from data.contracts.sites import SITE_ID
from data.contracts.suppliers import SUPPLIER_ID
from data.contracts.table import KNOWN_AT
from data.simulator.extract_format import TextArray, render_column, unit_factors
from data.sources.extracts.field_mapping import Encoding
from data.sources.extracts.mapping import SiteMapping, TableMapping

_IGNORED = "100"  # what stands in columns that nobody reads


def write_extracts(
    frames: Frames[str, pd.DataFrame], folder: Path, mappings: Sequence[SiteMapping]
) -> list[Path]:
    """Write the mapped sites' share of the frames as their systems' files, a file a year.

    Reading the folder with the same mappings gives back those rows, value for value. Items
    and suppliers are written by the first site that uses them. Returns the files.
    """
    paths, told = [], {str(ITEM_ID): set[str](), str(SUPPLIER_ID): set[str]()}
    for mapping in mappings:
        place = folder / mapping.place
        place.mkdir(parents=True, exist_ok=True)
        own = rows_of_site(frames, mapping.site)
        for name, mapped in mapping.tables.items():
            if mapped.file is None:
                continue
            rows = own[name]
            for key, seen in told.items():
                if TABLES[name].key == (key,):
                    rows = rows[~rows[key].isin(seen)]
                    seen.update(rows[key])
            paths += _write_table(place, mapping, mapped, rows, name=name, items=frames["items"])
    return paths


def rows_of_site(frames: Frames[str, pd.DataFrame], site: str) -> dict[str, pd.DataFrame]:
    """The rows of every table that belong to a site; items and suppliers that it uses."""
    own = {
        name: frame[frame[SITE_ID] == site] for name, frame in frames.items() if SITE_ID in frame
    }
    for name, key, parent in (
        ("receipts", PO_LINE_ID, "purchase_orders"),
        ("supplier_events", PO_LINE_ID, "purchase_orders"),
        ("invoice_outcomes", INVOICE_LINE_ID, "invoices"),
    ):
        own[name] = frames[name][frames[name][key].isin(own[parent][key])]
    for name, key in (("items", ITEM_ID), ("suppliers", SUPPLIER_ID)):
        used = pd.concat([own[other][key] for other in own if key in own[other]])
        own[name] = frames[name][frames[name][key].isin(used)]
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
    """One file with a header; fields that need it are quoted."""
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
