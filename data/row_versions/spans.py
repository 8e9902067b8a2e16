"""Spans: from when to when each version of a row was what was known, as SQL views.

Only rows that were revised need a look at their other versions, and they are few: the spans of
these lie in a small table, and a table without revisions is read as it lies in its files.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from data.contracts.table import KNOWN_AT, Table
from data.lazy_imports import duckdb
from data.row_versions.stored_rows import (
    FIRST_KNOWN_AT,
    REVISES,
    SUPERSEDED_AT,
    content_hash,
    kept_sql,
    quoted,
    same_key,
)


def versions_name(table: str) -> str:
    """Return the name of the view of all versions of a table's rows."""
    return f"{table}_versions"


def create_views(
    engine: duckdb.DuckDBPyConnection, table: Table, files: Sequence[Path], *, revised: bool
) -> None:
    """Create the views of a table: its current rows, and all versions with their spans.

    Raises:
        ValueError: naming a file that is damaged or lacks a column.
    """
    source = kept_sql(engine, table, files)
    columns = quoted([str(column) for column in table.columns], "r.")
    if revised:
        _create_spans(engine, table, source)
        spans = f"""LEFT JOIN {table.name}_spans s
            ON {same_key(table, "r", "s")} AND r.{KNOWN_AT} = s.known
            WHERE s.repeats IS NOT TRUE"""
        since = f"s.superseded AS {SUPERSEDED_AT}, coalesce(s.first_known, r.{KNOWN_AT})"
    else:
        spans, since = "", f"CAST(NULL AS TIMESTAMPTZ) AS {SUPERSEDED_AT}, r.{KNOWN_AT}"
    versions = versions_name(table.name)
    engine.execute(
        f"""CREATE VIEW {versions} AS
        SELECT {columns}, {since} AS {FIRST_KNOWN_AT} FROM {source} r {spans}"""  # noqa: S608 our names
    )
    create_current_view(engine, table)


def create_current_view(engine: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Create the view of the versions that no later one superseded."""
    columns = quoted([str(column) for column in table.columns])
    engine.execute(
        f"""CREATE VIEW {table.name} AS
        SELECT {columns} FROM {versions_name(table.name)} WHERE {SUPERSEDED_AT} IS NULL"""  # noqa: S608 our names
    )


def _create_spans(engine: duckdb.DuckDBPyConnection, table: Table, source: str) -> None:
    """Order the versions of each revised row; one that repeats the one before it says nothing."""
    key = quoted(table.key)
    digest = f"hash({key})"
    engine.execute(
        f"""CREATE TEMP TABLE {table.name}_spans AS
        WITH said AS (
            SELECT {key}, {KNOWN_AT} AS known, {content_hash(table)} AS content
            FROM {source}
            WHERE {digest} IN (SELECT {digest} FROM {source} WHERE {REVISES})),
        marked AS (
            SELECT *, coalesce(content = lag(content) OVER (
                PARTITION BY {key} ORDER BY known), false) AS repeats
            FROM said)
        SELECT {key}, known, repeats,
            lead(known) OVER (PARTITION BY {key}, repeats ORDER BY known) AS superseded,
            min(known) OVER (PARTITION BY {key}) AS first_known
        FROM marked"""  # noqa: S608 our names
    )
