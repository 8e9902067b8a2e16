"""Canonical tables of a mapping that come from SQL over its raw tables.

The columns of the SELECT are named as the table's. Their texts are read with the mapping's marks,
formats, zone and units, as a file's are; typed values are taken as they are.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data.contracts.catalogue import TABLES
from data.contracts.table import Kind, Table
from data.source_batch import SourceBatch, build_findings, merge_findings
from data.sources.extracts.extract_files import Chunk, cells_of, trimmed_texts
from data.sources.extracts.field_mapping import CONVERTED_DECIMALS, FieldMapping
from data.sources.extracts.mapping import SiteMapping
from data.sources.extracts.raw_database import RawDatabase, raw_database
from data.sources.extracts.raw_mapping import Query
from data.sources.extracts.read_on import ReadOn
from data.sources.extracts.row_batches import build_batch
from data.sources.extracts.sql_errors import check_statement, sql_error
from data.sources.extracts.text_encoding import ExtractError
from data.sources.extracts.typed_rows import FILE, LINE

BATCH_ROWS = 100_000


@contextmanager
def sql_tables(
    place: Path,
    mapping: SiteMapping,
    inspect: Callable[[RawDatabase], None] | None = None,
    read_on: ReadOn | None = None,
) -> Iterator[dict[str, Select]]:
    """Load the raw tables of a mapping, and give its SELECTs by canonical table.

    Args:
        place: folder of the source's files.
        mapping: of the source.
        inspect: called with the raw tables once they are loaded.
        read_on: where earlier loads have come to in the source's database.

    Raises:
        ExtractError: naming what is wrong with a raw file or a SELECT, before any is run.
    """
    with ExitStack() as stack:
        if not mapping.queries:
            yield {}
            return
        for where, query in _all_queries(mapping):
            check_statement(where, query.text)
        raw = stack.enter_context(raw_database(place, mapping, read_on))
        for name, query in mapping.views_in_use.items():
            with errors_in_words(
                f"{mapping.site}: views.{name}: {query.name}", query, mapping, raw
            ):
                raw.create_view(name, query.text)
        if inspect:
            inspect(raw)
        yield {name: Select.prepare(TABLES[name], mapping, raw) for name in mapping.queries}


@dataclass(frozen=True)
class Select:
    """The SELECT of one canonical table, checked and ready to run.

    Attributes:
        mapping: with every column of the SELECT that the table has among the mapped ones.
    """

    table: Table
    mapping: SiteMapping
    raw: RawDatabase
    where: str

    @classmethod
    def prepare(cls, table: Table, mapping: SiteMapping, raw: RawDatabase) -> Select:
        """Check the SELECT and the columns it gives.

        Raises:
            ExtractError: saying where, what is wrong, and what there is.
        """
        where = f"{mapping.site}: tables.{table.name}: {mapping.queries[table.name].name}"
        select = cls(table, mapping, raw, where)
        with select._errors_in_words():
            described = raw.connection.execute(f"DESCRIBE {select.query.text}").fetchall()
        given = {str(name): str(kind) for name, kind, *_ in described}
        fields = select._fields(given)
        mapped = mapping.tables[table.name].model_copy(update={"columns": fields})
        tables = mapping.tables | {table.name: mapped}
        return cls(table, mapping.model_copy(update={"tables": tables}), raw, where)

    @property
    def query(self) -> Query:
        """The SELECT as the mapping states it."""
        return self.mapping.queries[self.table.name]

    def batches(self) -> Iterator[SourceBatch]:
        """Run the SELECT and yield its rows, after those that no raw table could hold."""
        yield from self._rejected_rows()
        row = 1
        for batch in self._result():
            cells = cells_of(batch, self.where)
            findings = self._unreadable_numbers(batch)
            cells = self._rounded(_trimmed(cells))
            numbers = np.arange(row, row + len(cells), dtype=np.int64)
            row += len(cells)
            for name, chunk in self._by_file(cells, numbers, findings):
                yield build_batch(chunk, name, self.mapping, self.table)

    def _fields(self, given: dict[str, str]) -> dict[str, FieldMapping]:
        """Return the fields of the SELECT's columns, stated or by their names."""
        mapped = self.mapping.tables[self.table.name]
        listed = ", ".join(given)
        if missing := [column for column in mapped.reads if column not in given]:
            raise ExtractError(
                f"{self.where}: the SELECT has no column {', '.join(missing)}; it has {listed}"
            )
        by_name = {c: FieldMapping.model_validate(c) for c in given if c in self.table.columns}
        fields = by_name | mapped.columns
        known = {*mapped.reads, *mapped.ignore, *self.table.columns, FILE, LINE}
        unknown = [column for column in given if column not in known]
        if unknown and not self.mapping.ignores_unmapped(self.table.name):
            raise ExtractError(
                f"{self.where}: column {', '.join(unknown)} is not one of {self.table.name}; it "
                f"has {', '.join(self.table.columns)}; name it so, map it, or say "
                'unmapped = "ignore"'
            )
        there = {*fields, *self.mapping.constants_of(self.table)}
        if absent := [c for c in self.table.columns if c.required and c not in there]:
            raise ExtractError(
                f"{self.where}: the SELECT has no column {', '.join(absent)}, which "
                f"{self.table.name} requires; it has {listed}"
            )
        for name, field in by_name.items():
            if name in mapped.columns or self.table.column(name).kind is not Kind.FLAG:
                continue
            if given[str(field.column)] != "BOOLEAN":
                raise ExtractError(
                    f"{self.where}: column {name} is {given[name]}, a flag takes BOOLEAN; or map "
                    "it with codes, such as {X = true, '' = false}"
                )
        return fields

    def _result(self) -> Iterator[pa.Table]:
        """Yield the rows of the SELECT; the time it takes counts without what is done with them."""
        left = self.mapping.sql_seconds
        begun = time.monotonic()
        with self._errors_in_words(), _interrupted_after(left, self.raw.connection):
            relation = self.raw.connection.sql(self.query.text)
            reader = relation.to_arrow_reader(BATCH_ROWS)
        left -= time.monotonic() - begun
        while True:
            begun = time.monotonic()
            with self._errors_in_words(), _interrupted_after(left, self.raw.connection):
                batch = next(reader, None)
            if batch is None:
                return
            left -= time.monotonic() - begun
            yield pa.Table.from_batches([batch])

    def _errors_in_words(self) -> AbstractContextManager[None]:
        return errors_in_words(self.where, self.query, self.mapping, self.raw)

    def _rejected_rows(self) -> Iterator[SourceBatch]:
        """Yield rows of another width than their header with the first table that reads them."""
        order = [name for name in TABLES if name in self.mapping.queries]
        earlier = order[: order.index(self.table.name)]
        queries = self.mapping.queries
        claimed = {raw for name in earlier for raw in self.mapping.raw_tables_of(queries[name])}
        mine = set(self.mapping.raw_tables_of(self.query)) - claimed
        for rows in self.raw.rejected:
            if rows.table in mine:
                yield _rejected_batch(self.table, rows.source, rows.chunk, self.mapping.site)

    def _unreadable_numbers(self, batch: pa.Table) -> pd.DataFrame:
        """Find NaN, which `number` gives for a text that is no number."""
        marks = f"decimal mark {str(self.mapping.decimal)!r}"
        if self.mapping.thousands:
            marks += f" and thousands mark {str(self.mapping.thousands)!r}"
        parts = []
        for column, field in self.mapping.tables[self.table.name].columns.items():
            values = batch[field.sources[0]]
            if not pa.types.is_floating(values.type):
                continue
            rows = np.flatnonzero(pc.fill_null(pc.is_nan(values), fill_value=False))
            problem = f"is computed from a text that is not a number with {marks}"
            parts.append(build_findings(rows, column, [None] * len(rows), problem))
        return merge_findings(parts)

    def _rounded(self, cells: pd.DataFrame) -> pd.DataFrame:
        """Return computed numbers as the nearest double of the decimal meant."""
        floats = [name for name in cells.columns if cells[name].dtype.kind == "f"]
        return cells.assign(**{name: cells[name].round(CONVERTED_DECIMALS) for name in floats})

    def _by_file(
        self, cells: pd.DataFrame, numbers: np.ndarray, findings: pd.DataFrame
    ) -> Iterator[tuple[str, Chunk]]:
        """Split rows by the raw file they come from, where the SELECT says it."""
        lines = numbers
        if LINE in cells:
            lines = cells[LINE].fillna(pd.Series(numbers)).to_numpy(np.int64)
        if FILE not in cells:
            yield self.where, Chunk(cells, lines, findings=findings)
            return
        for file, rows in cells.groupby(FILE, sort=False, dropna=False).indices.items():
            name = f"{self.mapping.place}/{file}" if isinstance(file, str) else self.where
            mine = findings[findings["row"].isin(rows)]
            part = cells.iloc[rows].reset_index(drop=True)
            moved = mine.assign(row=np.searchsorted(rows, mine["row"]))
            yield name, Chunk(part, lines[rows], findings=moved)


def _trimmed(cells: pd.DataFrame) -> pd.DataFrame:
    texts = [name for name in cells.columns if isinstance(cells[name].dtype, pd.StringDtype)]
    return cells.assign(**{name: trimmed_texts(pa.array(cells[name])) for name in texts})


def _rejected_batch(table: Table, source: str, chunk: Chunk, owner: str) -> SourceBatch:
    width = len(chunk.cells.columns)
    problems = [f"has {n} fields, the header has {width}" for n in chunk.ragged.values()]
    findings = build_findings(list(chunk.ragged), "", [None] * len(problems), problems)
    frame = pd.DataFrame(index=chunk.cells.index)
    return SourceBatch(table, frame, source, chunk.lines, chunk.cells, {}, findings, owner)


def _all_queries(mapping: SiteMapping) -> Iterator[tuple[str, Query]]:
    for name, query in mapping.views_in_use.items():
        yield f"{mapping.site}: views.{name}: {query.name}", query
    for name, query in mapping.queries.items():
        yield f"{mapping.site}: tables.{name}: {query.name}", query


@contextmanager
def errors_in_words(
    where: str, query: Query, mapping: SiteMapping, raw: RawDatabase
) -> Iterator[None]:
    """Turn an error of DuckDB into one of the mapping."""
    try:
        yield
    except duckdb.InterruptException:
        raise ExtractError(
            f"{where}: takes longer than sql_seconds = {mapping.sql_seconds:g}"
        ) from None
    except (duckdb.Error, OSError, pa.ArrowException) as error:
        named = [name for name in mapping.tables_named_by(query) if name in raw.columns]
        there = dict.fromkeys(mapping.raw, ()) | raw.columns
        raise sql_error(where, error, named, there) from None


@contextmanager
def _interrupted_after(seconds: float, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    timer = threading.Timer(max(seconds, 0.0), connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
