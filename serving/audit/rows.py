"""Rows into tables, and ids looked up, by the driver's own words.

What every group does with every entry is here, in as few statements as can be: each takes the
interpreter's lock anew, which callers that prepare their own entries hold meanwhile. Everything
else asks through SQLAlchemy.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

ROWS_IN_A_STATEMENT = 32
"""Few enough that drivers keep the statement of every count prepared."""


def insert(connection: sa.Connection, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows; each has the columns of the table, in their order."""
    for start in range(0, len(rows), ROWS_IN_A_STATEMENT):
        some = rows[start : start + ROWS_IN_A_STATEMENT]
        text = statement(table, len(some), connection.dialect.paramstyle)
        connection.exec_driver_sql(text, tuple(value for row in some for value in row))


@cache
def statement(table: sa.Table, rows: int, paramstyle: str) -> str:
    """The insert of that many rows, as the driver takes it. paramstyle: of PEP 249."""
    mark = "?" if paramstyle == "qmark" else "%s"
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    row = f"({', '.join([mark] * len(table.columns))})"
    return f"INSERT INTO {table.name} ({names}) VALUES {', '.join([row] * rows)}"  # noqa: S608 - names of our own


def taken(connection: sa.Connection, identifiers: Sequence[str]) -> set[str]:
    """Which of these ids are on record."""
    if connection.dialect.name == "postgresql":
        asked = "SELECT id FROM entries WHERE id = ANY(%b)", (list(identifiers),)
    else:
        asked = (
            "SELECT id FROM entries WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(identifiers),),
        )
    return set(connection.exec_driver_sql(*asked).scalars())
