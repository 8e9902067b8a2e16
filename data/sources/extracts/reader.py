"""Read site extracts: folders of CSV or Parquet files, as each site's mapping says.

What is wrong with a file as a whole (missing, other delimiter, other columns, other encoding)
is an `ExtractError` and stops the run, as is a SELECT that cannot run. What is wrong with a row
puts that row in quarantine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from data.contracts.catalogue import TABLES
from data.contracts.table import Table
from data.source_batch import SourceBatch
from data.sources.extracts.checks.site_check import ImplausibleExtractError, SiteCheck
from data.sources.extracts.extract_files import (
    OpenedFile,
    open_file,
    require_columns,
)
from data.sources.extracts.mapping import SiteMapping
from data.sources.extracts.row_batches import build_batch, constant_rows
from data.sources.extracts.sql_tables import sql_tables
from data.sources.extracts.text_encoding import ExtractError


def read_extract(folder: Path, mappings: Sequence[SiteMapping]) -> Iterator[SourceBatch]:
    """Yield every table of every source as batches, in the order of the mappings.

    folder: holds one folder a source, see `SiteMapping.place`.

    Raises:
        ExtractError: naming the site or file, what it has and what the mapping expects.
    """
    for mapping in mappings:
        yield from _read_source(folder, mapping)


def read_checked_extract(folder: Path, checks: Sequence[SiteCheck]) -> Iterator[SourceBatch]:
    """Yield the rows of `read_extract`, each observed by the check of its source.

    Raises:
        ExtractError: as `read_extract`.
        ImplausibleExtractError: after the last row, where the checks of a mapping refuse it.
    """
    yield from observe_extract(folder, checks)
    if refusals := [line for check in checks for line in check.report().refusals]:
        raise ImplausibleExtractError("\n".join(refusals))


def observe_extract(folder: Path, checks: Sequence[SiteCheck]) -> Iterator[SourceBatch]:
    """Yield the rows of `read_extract`, each observed by the check of its source."""
    for check in checks:
        yield from check.watch(_read_source(folder, check.mapping, check))


def _read_source(
    folder: Path, mapping: SiteMapping, check: SiteCheck | None = None
) -> Iterator[SourceBatch]:
    place = folder / mapping.place
    if mapping.reads_files and not place.is_dir():
        raise ExtractError(f"{mapping.site}: no folder {place}")
    inspect, read_on = (check.inspect, check.read_on) if check else (None, None)
    with sql_tables(place, mapping, inspect, read_on) as selects:
        for table in TABLES.values():
            if table.name in selects:
                yield from selects[table.name].batches()
            elif table.name in mapping.tables:
                yield from _read_table(place, mapping, table)


def _read_table(place: Path, mapping: SiteMapping, table: Table) -> Iterator[SourceBatch]:
    mapped = mapping.tables[table.name]
    if mapped.file is None:
        yield constant_rows(mapping, table)
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
        _check_header(opened, mapping, table)
        for chunk in opened.chunks:
            yield build_batch(chunk, opened.name, mapping, table)


def _check_header(opened: OpenedFile, mapping: SiteMapping, table: Table) -> None:
    """Require every mapped column in the header, once, and no column that nobody knows."""
    mapped = mapping.tables[table.name]
    require_columns(opened, mapped.reads, mapping)
    known = (*mapped.reads, *mapped.ignore)
    unknown = [column for column in opened.header if column not in known]
    if unknown and not mapping.ignores_unmapped(table.name):
        raise ExtractError(
            f"{opened.name}: column {', '.join(unknown)} is not known; known are "
            f"{', '.join(known)}; map it or list it under ignore"
        )
