"""Read and write all rows of an audit log, as plain values or lines of text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import sqlalchemy as sa

from serving.audit.log.payload_partitions import create_partitions
from serving.audit.log.store import AuditStore
from serving.audit.log.tables import ENTRIES, HEAD, NODES, PAYLOADS

Row = dict[str, object]
Tables = dict[str, list[Row]]
TABLES = {table.name: table for table in (HEAD, ENTRIES, PAYLOADS, NODES)}
"""The tables that are under the tree, or say where it ends."""


def read(store: AuditStore) -> Tables:
    """Return every row of every table, in the order of its primary key."""
    with store.reading() as connection:
        return {
            name: [
                dict(row)
                for row in connection.execute(
                    sa.select(table).order_by(*table.primary_key.columns)
                ).mappings()
            ]
            for name, table in TABLES.items()
        }


def put(store: AuditStore, tables: Tables) -> None:
    """Insert the rows into an empty store, bypassing triggers and checks."""
    with store.engine.begin() as connection:
        unguarded(connection)
        connection.execute(sa.delete(HEAD))
        create_partitions(connection, sorted({str(row["month"]) for row in tables["payloads"]}))
        for name, rows in tables.items():
            if rows:
                connection.execute(sa.insert(TABLES[name]), rows)


def unguarded(connection: sa.Connection) -> None:
    """Disable the triggers that protect the log, as a database owner can."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        return
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    for (name,) in connection.exec_driver_sql(query).all():
        connection.exec_driver_sql(f'DROP TRIGGER "{name}"')


def lines(tables: Tables) -> Iterator[str]:
    """Yield one JSON line per row: the table's name and the row, without line break."""
    for name, rows in tables.items():
        for row in rows:
            yield json.dumps([name, row], ensure_ascii=False, separators=(",", ":"))


def from_lines(text: Iterable[str]) -> Tables:
    """Parse the rows that `lines` wrote."""
    tables: Tables = {name: [] for name in TABLES}
    for line in text:
        name, row = json.loads(line)
        tables[name].append(row)
    return tables
