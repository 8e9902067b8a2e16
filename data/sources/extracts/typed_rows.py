"""Load typed rows of a database into a table whose types become known as values come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb
import numpy as np
import pyarrow as pa

from data.sources.extracts.sql_macros import quoted_name

FILE, LINE = "_file", "_line"
"""Columns of every raw table: name of the file or database table, and line in it."""


def load_typed_rows(
    connection: duckdb.DuckDBPyConnection,
    part: str,
    columns: Sequence[str],
    batches: Iterable[pa.Table],
    source: str,
) -> None:
    """Create a table and append batches; a column without any value is of texts.

    Args:
        connection: of the database that gets the table.
        part: name of the table.
        columns: names of its columns.
        batches: rows; a column of type null has had no value yet.
        source: what `_file` says.
    """
    texts = ", ".join(f"{quoted_name(column)} VARCHAR" for column in (*columns, FILE))
    connection.execute(f"CREATE TABLE {part} ({texts}, {LINE} BIGINT)")
    untyped, row = set(columns), 1
    for batch in batches:
        lines = pa.array(np.arange(row, row + batch.num_rows, dtype=np.int64))
        files = pa.array([source] * batch.num_rows, pa.string())
        rows = batch.append_column(FILE, files).append_column(LINE, lines)
        row += batch.num_rows
        connection.register("chunk", rows)
        kinds = dict(
            connection.execute("SELECT column_name, column_type FROM (DESCRIBE chunk)").fetchall()
        )
        for column in sorted(untyped):
            if not pa.types.is_null(batch.schema.field(column).type):
                name = quoted_name(column)
                connection.execute(f"ALTER TABLE {part} ALTER {name} SET DATA TYPE {kinds[column]}")
                untyped.discard(column)
        connection.execute(f"INSERT INTO {part} FROM chunk")
        connection.unregister("chunk")
