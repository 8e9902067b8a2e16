"""Columns of the files that hold versions of rows, and SQL on them.

A file has the canonical columns of its table and, of each row, where it came from. A version that
corrects a row and has no date of its own keeps the `known_at` that its source stated.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import assert_never

from data.contracts.table import KNOWN_AT, Column, Kind, Table
from data.lazy_imports import duckdb, pa, pq

OWNER = "_source"
FILE = "_file"
LINE = "_line"
STATED = "_stated_known_at"
REVISES = "_revises"

SUPERSEDED_AT = "superseded_at"
"""When the next version of the row became known; missing for the current one."""
FIRST_KNOWN_AT = "first_known_at"
"""When the first version of the row became known."""

RECEIVED = "events"
"""Owner of rows that were received one by one."""
OWNED_BY_NOBODY = ("", RECEIVED)
"""Owners whose rows any source may correct."""

MEMORY_LIMIT = "400MB"


def arrow_type(kind: Kind) -> pa.DataType:
    """Return the type in which files hold columns of a kind."""
    match kind:
        case Kind.TEXT:
            return pa.string()
        case Kind.NUMBER:
            return pa.float64()
        case Kind.FLAG:
            return pa.bool_()
        case Kind.MOMENT:
            return pa.timestamp("us", "UTC")
        case _:
            assert_never(kind)


_SQL_TYPES = {
    "string": "VARCHAR",
    "double": "DOUBLE",
    "bool": "BOOLEAN",
    "int64": "BIGINT",
    "timestamp[us, tz=UTC]": "TIMESTAMPTZ",
}


def stored_schema(table: Table) -> pa.Schema:
    """Return the schema of the table's files."""
    canonical = [pa.field(str(c), arrow_type(c.kind)) for c in table.columns]
    return pa.schema(
        [
            *canonical,
            pa.field(OWNER, pa.string()),
            pa.field(FILE, pa.string()),
            pa.field(LINE, pa.int64()),
            pa.field(STATED, pa.timestamp("us", "UTC")),
            pa.field(REVISES, pa.bool_()),
        ]
    )


def content_columns(table: Table) -> list[Column]:
    """Return the columns that say something of the row: all but its key and `known_at`."""
    return [c for c in table.columns if c not in table.key and c != KNOWN_AT]


def quoted(columns: Sequence[str], prefix: str = "") -> str:
    """Return columns as an SQL list."""
    return ", ".join(f'{prefix}"{column}"' for column in columns)


def content_hash(table: Table) -> str:
    """Return the SQL of a number that differs between rows that say different things."""
    columns = content_columns(table)
    return f"hash({quoted(columns)})" if columns else "hash(0)"


def same_key(table: Table, left: str, right: str) -> str:
    """Return the SQL condition that two rows have one key; a missing part equals a missing part."""
    return " AND ".join(
        f'{left}."{column}" IS NOT DISTINCT FROM {right}."{column}"' for column in table.key
    )


def scan_sql(files: Sequence[Path], *, numbered: bool = False) -> str:
    """Return the SQL that reads the files, with the number of each row in its file on demand."""
    names = ", ".join(sql_text(str(file)) for file in files)
    options = ", file_row_number = true" if numbered else ", union_by_name = true"
    return f"read_parquet([{names}]{options})"


def kept_sql(engine: duckdb.DuckDBPyConnection, table: Table, files: Sequence[Path]) -> str:
    """Return the SQL of the rows in a table's files, whichever release wrote them.

    A column that the contract got later is missing in all rows.

    Raises:
        ValueError: naming a file that is damaged, or a required column that the files lack.
    """
    there = _columns_of_files(engine, table, files) if files else set[str]()
    schema = stored_schema(table)
    lacking = [f for f in schema if f.name not in there]
    needed = [c for c in table.columns if c.required and c not in there]
    if files and needed:
        raise ValueError(
            f"{table.name} has no column {', '.join(needed)}: it was written for another version "
            f"of the contract of {table.name}; ingest it again into an empty lake"
        )
    cells = [f'"{f.name}"' for f in schema if f.name in there]
    cells += [f'CAST(NULL AS {_SQL_TYPES[str(f.type)]}) AS "{f.name}"' for f in lacking]
    source = f"FROM {scan_sql(files)}" if files else "WHERE false"
    return f"(SELECT {', '.join(cells)} {source})"


def _columns_of_files(
    engine: duckdb.DuckDBPyConnection, table: Table, files: Sequence[Path]
) -> set[str]:
    try:
        found = engine.execute(f"DESCRIBE FROM {scan_sql(files)}").fetchall()
    except duckdb.Error as error:
        damaged = next((file for file in files if not is_parquet(file)), files[0].parent)
        raise ValueError(
            f"{damaged} is missing or not readable Parquet; restore it, or ingest {table.name} "
            "again into an empty lake"
        ) from error
    return {str(row[0]) for row in found}


def is_parquet(path: Path) -> bool:
    """Return whether a file can be read."""
    try:
        pq.read_metadata(path)
    except (OSError, pa.ArrowInvalid):
        return False
    return True


def sql_text(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def open_engine(scratch: Path) -> duckdb.DuckDBPyConnection:
    """Open an engine of bounded memory that spills into a folder."""
    connection = duckdb.connect()
    connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
    connection.execute(f"SET temp_directory = {sql_text(str(scratch / 'spill'))}")
    connection.execute("SET threads = 2")
    connection.execute("SET timezone = 'UTC'")
    return connection
