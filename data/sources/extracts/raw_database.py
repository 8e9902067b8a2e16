"""Load the raw tables of a mapping into a database file that its SQL reads and cannot leave.

Each file is a table of its own in the schema `files`; a raw table is a view over its files. Once
loaded, the file is opened read-only, without access to other files or the network.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from data.sources.extracts.extract_files import (
    Chunk,
    OpenedFile,
    open_file,
    require_columns,
)
from data.sources.extracts.mapping import SiteMapping
from data.sources.extracts.raw_mapping import RawTable
from data.sources.extracts.read_on import ReadOn
from data.sources.extracts.source_database import source_database
from data.sources.extracts.sql_macros import macro_statements, quoted, quoted_name
from data.sources.extracts.text_encoding import ExtractError
from data.sources.extracts.typed_rows import FILE, LINE, load_typed_rows

_LIMITS: dict[str, str | bool | int | float | list[str]] = {
    # One thread gives the same rows in the same order every time.
    "threads": 1,
    "memory_limit": "512MB",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
_CONFINED = _LIMITS | {
    "enable_external_access": "false",
    "python_enable_replacements": "false",
}


@dataclass(frozen=True)
class RejectedRows:
    """Rows of a raw file that have another number of fields than its header."""

    table: str
    source: str
    chunk: Chunk


@dataclass(frozen=True)
class RawDatabase:
    """The loaded raw tables, and views over them.

    Attributes:
        columns: raw table or view -> its columns, in order.
        rejected: rows that no raw table holds.
    """

    connection: duckdb.DuckDBPyConnection
    columns: dict[str, tuple[str, ...]]
    rejected: list[RejectedRows] = field(default_factory=list)

    def create_view(self, name: str, text: str) -> None:
        """Create a view that later SELECTs read; the file on disk stays as it is."""
        select = text.strip().rstrip(";")
        self.connection.execute(f"CREATE TEMP VIEW {quoted_name(name)} AS {select}")
        self.columns[name] = tuple(self.connection.sql(f"FROM {quoted_name(name)}").columns)


@contextmanager
def raw_database(
    place: Path, mapping: SiteMapping, read_on: ReadOn | None = None
) -> Iterator[RawDatabase]:
    """Load the raw tables that the mapping's SQL names; they are gone at the end.

    Raises:
        ExtractError: naming the file, what it has and what the mapping expects.
    """
    with tempfile.TemporaryDirectory(prefix="triage-raw-") as folder:
        file = Path(folder) / "raw.duckdb"
        with duckdb.connect(str(file), config=_LIMITS) as connection:
            rejected = _load(connection, place, mapping)
            _load_from_database(connection, mapping, read_on)
        with duckdb.connect(str(file), read_only=True, config=_CONFINED) as connection:
            # Moments with an offset are shown as local times.
            connection.execute(f"SET TimeZone = {quoted(mapping.time_zone)}")
            connection.execute("SET lock_configuration = true")
            columns = {
                name: tuple(connection.sql(f"FROM {quoted_name(name)}").columns)
                for name in mapping.raw_in_use
            }
            yield RawDatabase(connection, columns, rejected)


def _load(
    connection: duckdb.DuckDBPyConnection, place: Path, mapping: SiteMapping
) -> list[RejectedRows]:
    connection.execute("CREATE SCHEMA files")
    for statement in macro_statements(mapping):
        connection.execute(statement)
    rejected: list[RejectedRows] = []
    for name in mapping.raw_in_use:
        if mapping.is_in_database(name):
            continue
        paths = raw_files(place, name, mapping)
        parts = [f"files.{quoted_name(f'{name}#{k}')}" for k in range(len(paths))]
        for part, path in zip(parts, paths, strict=True):
            opened = open_file(path, f"{mapping.place}/{path.name}", mapping)
            rejected += _load_file(connection, part, opened, name, mapping)
        _create_view(connection, name, parts, mapping.raw[name])
    return rejected


def _load_from_database(
    connection: duckdb.DuckDBPyConnection, mapping: SiteMapping, read_on: ReadOn | None
) -> None:
    names = [name for name in mapping.raw_in_use if mapping.is_in_database(name)]
    if not names:
        return
    with source_database(mapping, read_on) as source:
        for name in names:
            if not mapping.raw[name].required and not source.has(name):
                _create_view(connection, name, [], mapping.raw[name])
                continue
            batches = source.read(name)
            header = tuple(next(batches).column_names)
            where = f"{mapping.site}: {mapping.raw[name].table or name}"
            _require_header(OpenedFile(where, header, iter(())), mapping.raw[name], mapping)
            part = f"files.{quoted_name(name)}"
            load_typed_rows(connection, part, header, batches, mapping.raw[name].table or name)
            _create_view(connection, name, [part], mapping.raw[name])


def raw_files(place: Path, name: str, mapping: SiteMapping) -> list[Path]:
    """Return the files of a raw table, in the order of their names.

    Raises:
        ExtractError: where there is none and the mapping requires one.
    """
    raw = mapping.raw[name]
    longer = tuple(other for other in mapping.raw if other.startswith(name) and other != name)
    patterns = (raw.file,) if raw.file else (f"{name}*.csv", f"{name}*.parquet")
    found = sorted({path for pattern in patterns for path in place.glob(pattern)})
    paths = [path for path in found if raw.file or not path.name.startswith(longer)]
    if not paths and raw.required:
        there = ", ".join(sorted(path.name for path in place.iterdir())) or "nothing"
        raise ExtractError(
            f"{mapping.site}: no file {' or '.join(map(repr, patterns))} for raw table {name}; "
            f"{mapping.place} holds {there}"
        )
    return paths


def _load_file(
    connection: duckdb.DuckDBPyConnection,
    part: str,
    opened: OpenedFile,
    name: str,
    mapping: SiteMapping,
) -> Iterator[RejectedRows]:
    """Load a file as one table, and yield its rows of another width than the header."""
    _require_header(opened, mapping.raw[name], mapping)
    columns = [*opened.header, FILE]
    made = False
    for chunk in opened.chunks:
        rows = _arrow_rows(chunk, opened.name.rpartition("/")[2])
        connection.register("chunk", rows)
        into = f"INSERT INTO {part}" if made else f"CREATE TABLE {part} AS"
        connection.execute(f"{into} FROM chunk")
        connection.unregister("chunk")
        made = True
        if chunk.ragged:
            ragged = sorted(chunk.ragged)
            cells = chunk.cells.iloc[ragged].reset_index(drop=True)
            fields = {k: chunk.ragged[row] for k, row in enumerate(ragged)}
            yield RejectedRows(name, opened.name, Chunk(cells, chunk.lines[ragged], fields))
    if not made:
        texts = ", ".join(f"{quoted_name(column)} VARCHAR" for column in columns)
        connection.execute(f"CREATE TABLE {part} ({texts}, {LINE} BIGINT)")


def _require_header(opened: OpenedFile, raw: RawTable, mapping: SiteMapping) -> None:
    require_columns(opened, raw.columns, mapping)
    if taken := [column for column in opened.header if column in (FILE, LINE)]:
        raise ExtractError(
            f"{opened.name}: column {', '.join(taken)} has a name that every raw table has already"
        )
    by_name: dict[str, str] = {}
    for column in opened.header:
        other = by_name.setdefault(column.casefold(), column)
        if other != column:
            raise ExtractError(
                f"{opened.name}: columns {other} and {column} are one to SQL; rename one"
            )


def _arrow_rows(chunk: Chunk, file: str) -> pa.Table:
    """Return the rows as they are loaded: those of the header's width, with file and line."""
    keep = np.ones(len(chunk.lines), dtype=bool)
    keep[list(chunk.ragged)] = False
    rows = pa.Table.from_pandas(chunk.cells[keep], preserve_index=False)
    files = pa.array([file] * rows.num_rows, pa.string())
    lines = pa.array(chunk.lines[keep])
    return rows.append_column(FILE, files).append_column(LINE, lines)


def _create_view(
    connection: duckdb.DuckDBPyConnection, name: str, parts: Sequence[str], raw: RawTable
) -> None:
    """Create the raw table over its files, with its optional columns whatever the files have."""
    declared = [*raw.columns, *raw.optional]
    if not parts:
        texts = ", ".join(f"CAST(NULL AS VARCHAR) AS {quoted_name(c)}" for c in (*declared, FILE))
        connection.execute(
            f"CREATE VIEW {quoted_name(name)} AS "
            f"SELECT {texts}, CAST(NULL AS BIGINT) AS {LINE} WHERE false"
        )
        return
    union = " UNION ALL BY NAME ".join(f"FROM {part}" for part in parts)
    there = {column.casefold() for column in connection.sql(union).columns}
    empty = [column for column in raw.optional if column.casefold() not in there]
    nulls = "".join(f", CAST(NULL AS VARCHAR) AS {quoted_name(column)}" for column in empty)
    connection.execute(f"CREATE VIEW {quoted_name(name)} AS FROM ({union}) SELECT *{nulls}")
