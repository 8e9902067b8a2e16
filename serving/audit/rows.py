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

from serving.audit.tables import HEAD

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


@cache
def head_query(backend: str, lock: bool) -> str:  # noqa: FBT001 - both are what is kept by
    """The query for the head row. lock: until the transaction ends; SQLite has one writer."""
    names = ", ".join(f'"{column.name}"' for column in HEAD.columns)
    return f"SELECT {names} FROM head" + (" FOR UPDATE" if lock and backend != "sqlite" else "")  # noqa: S608 - names of our own


def move_head(connection: sa.Connection, size: int, last: str, frontier: str) -> None:
    """The end of the log is there now. last: hash of the last entry."""
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    text = f'UPDATE head SET "size" = {mark}, "hash" = {mark}, "frontier" = {mark}'  # noqa: S608
    connection.exec_driver_sql(text, (size, last, frontier))


def taken(connection: sa.Connection, identifiers: Sequence[str]) -> set[str]:
    """Which of these ids are on record."""
    asked: tuple[str, tuple[Any, ...]]
    if connection.dialect.name == "postgresql":
        asked = "SELECT id FROM entries WHERE id = ANY(%b)", (list(identifiers),)
    else:
        asked = (
            "SELECT id FROM entries WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(identifiers),),
        )
    return set(connection.exec_driver_sql(*asked).scalars())
