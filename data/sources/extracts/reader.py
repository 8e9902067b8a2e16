"""Read site extracts: folders of CSV or Parquet files, as each site's mapping says.

What is wrong with a file as a whole (missing, other delimiter, other columns, other encoding)
is an `ExtractError` and stops the run. What is wrong with a row puts that row in quarantine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from data.contracts.catalogue import TABLES
from data.contracts.table import Table
from data.findings import WHOLE_ROW, build_findings, merge_findings
from data.source_batch import SourceBatch
from data.sources.extracts.column_parser import parse_column
from data.sources.extracts.field_mapping import Delimiter
from data.sources.extracts.files import Chunk, ExtractError, OpenedFile, open_file
from data.sources.extracts.mapping import SiteMapping, TableMapping, parse_constant


def read_extract(folder: Path, mappings: Sequence[SiteMapping]) -> Iterator[SourceBatch]:
    """Every file of every site as batches, site by site in the order of the mappings.

    folder: holds one folder a site, see `SiteMapping.place`.

    Raises:
        ExtractError: naming the site or file, what it has and what the mapping expects.
    """
    for mapping in mappings:
        place = folder / mapping.place
        if not place.is_dir():
            raise ExtractError(f"{mapping.site}: no folder {place}")
        for table in TABLES.values():
            if table.name in mapping.tables:
                yield from _read_table(place, mapping, table)


def _read_table(place: Path, mapping: SiteMapping, table: Table) -> Iterator[SourceBatch]:
    mapped = mapping.tables[table.name]
    if mapped.file is None:
        yield _constant_rows(mapping, table)
        return
    paths = sorted(place.glob(mapped.file))
    if not paths:
        there = ", ".join(sorted(path.name for path in place.iterdir())) or "nothing"
        raise ExtractError(
            f"{mapping.site}: no file {mapped.file!r} for {table.name}; "
            f"{mapping.place} holds {there}"
        )
    for path in paths:
        opened = open_file(path, f"{mapping.place}/{path.name}", mapping)
        _check_header(opened, mapped, mapping)
        for chunk in opened.chunks:
            yield _build_batch(chunk, opened.name, mapping, table)


def _constant_rows(mapping: SiteMapping, table: Table) -> SourceBatch:
    rows = mapping.tables[table.name].rows
    constants = mapping.constants_of(table)
    frame = pd.DataFrame(
        [
            {k: parse_constant(table.column(k), v) for k, v in (constants | row).items()}
            for row in rows
        ]
    )
    lines = np.arange(1, len(rows) + 1, dtype=np.int64)
    return SourceBatch(table, frame, f"mapping of {mapping.site}", lines, raw=pd.DataFrame(rows))


def _build_batch(chunk: Chunk, name: str, mapping: SiteMapping, table: Table) -> SourceBatch:
    mapped = mapping.tables[table.name]
    columns, found = {}, [_field_count_findings(chunk)]
    for column in table.columns:
        if column in mapped.columns:
            field = mapped.columns[column]
            columns[str(column)], broken = parse_column(column, field, chunk.cells, mapping)
            found.append(broken)
    frame = pd.DataFrame(columns, index=chunk.cells.index)
    for key, value in mapping.constants_of(table).items():
        frame[key] = parse_constant(table.column(key), value)
    origins = {key: " and ".join(field.sources) for key, field in mapped.columns.items()}
    return SourceBatch(table, frame, name, chunk.lines, chunk.cells, origins, merge_findings(found))


def _field_count_findings(chunk: Chunk) -> pd.DataFrame:
    width = len(chunk.cells.columns)
    problems = [f"has {n} fields, the header has {width}" for n in chunk.ragged.values()]
    return build_findings(list(chunk.ragged), WHOLE_ROW, [None] * len(problems), problems)


def _check_header(opened: OpenedFile, mapped: TableMapping, mapping: SiteMapping) -> None:
    """The header has every column that is mapped, once, and none that nobody knows."""
    there, needed = opened.header, mapped.reads
    if not set(there) & set(needed):
        _check_delimiter(opened, needed, mapping)
    for column, times in Counter(there).items():
        if times > 1:
            raise ExtractError(f"{opened.name}: column {column} is there {times} times")
    if missing := [column for column in needed if column not in there]:
        raise ExtractError(
            f"{opened.name} has no column {', '.join(missing)}; it has {', '.join(there)}"
        )
    known = (*needed, *mapped.ignore)
    if unknown := [column for column in there if column not in known]:
        raise ExtractError(
            f"{opened.name}: column {', '.join(unknown)} is not known; known are "
            f"{', '.join(known)}; map it or list it under ignore"
        )


def _check_delimiter(opened: OpenedFile, needed: tuple[str, ...], mapping: SiteMapping) -> None:
    whole = mapping.delimiter.join(opened.header)
    for other in Delimiter:
        fields = [field.strip().strip('"') for field in whole.split(other)]
        if set(fields) & set(needed):
            raise ExtractError(
                f"{opened.name}: the delimiter is {str(other)!r}, the mapping says "
                f"{str(mapping.delimiter)!r}"
            )
