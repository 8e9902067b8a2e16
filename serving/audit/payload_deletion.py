"""Deleting payloads: in the transaction of the entry that says so, and off the disk after it."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from serving.audit.engines import SQLITE_WAIT_SECONDS, turn
from serving.audit.months import drop_month, make_months
from serving.audit.ranges import Ranges
from serving.audit.store import AuditStore
from serving.audit.tables import PAYLOADS

MOST_IN_A_QUERY = 500
AGAIN_SECONDS = 0.05


class MovedError(RuntimeError):
    """Not all of what was to be deleted was still there; nothing was deleted."""


def delete(
    connection: sa.Connection, *, ranges: Ranges, count: int, months: Collection[str] = ()
) -> None:
    """Delete the payloads and salts of those sequences.

    months: those that are to be dropped as a whole; what of them is in no range is kept.

    Raises:
        MovedError: others than `count` were there.
    """
    deleted = sum(_drop(connection, month, ranges) for month in months)
    for first, last in ranges:
        of_range = sa.delete(PAYLOADS).where(PAYLOADS.c.sequence.between(first, last))
        deleted += connection.execute(of_range).rowcount
    if deleted != count:
        raise MovedError(f"{deleted} payloads were there to delete, not {count}")


def scrub(store: AuditStore) -> bool:
    """Take what was deleted off the disk; False where readers kept that from being done now.

    SQLite overwrites it in the file (`serving.audit.engines` asks it to) and keeps it in its
    write-ahead log until that is emptied, PostgreSQL in dead rows until they are vacuumed.
    Neither can reach copies of the files, nor WAL archives and backups.
    """
    if store.engine.dialect.name == "sqlite":
        return _emptied(store.engine)
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")  # a year may take its time
        connection.exec_driver_sql("VACUUM payloads")
        connection.exec_driver_sql("RESET statement_timeout")
    return True


def _emptied(engine: sa.Engine) -> bool:
    """Empty SQLite's write-ahead log, which cannot be done within a transaction.

    SQLite does not wait for whoever is moving the log at the moment: so we try again.
    """
    until = time.monotonic() + SQLITE_WAIT_SECONDS
    raw = engine.raw_connection()
    try:
        while True:
            with turn(engine):
                (busy, _, _) = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if not busy or time.monotonic() > until:
                return not busy
            time.sleep(AGAIN_SECONDS)
    finally:
        raw.close()


def _drop(connection: sa.Connection, month: str, ranges: Ranges) -> int:
    """Drop the month, and put back what of it is in no range; how many are gone."""
    of_month = sa.select(PAYLOADS.c.sequence).where(PAYLOADS.c.month == month)
    there = list(connection.scalars(of_month))
    firsts = [first for first, _ in ranges]
    kept = [s for s in there if not _within(s, ranges, firsts)]
    rows = [row for i in range(0, len(kept), MOST_IN_A_QUERY) for row in _read(connection, kept, i)]
    drop_month(connection, month)
    if rows:
        make_months(connection, [month])
        connection.execute(sa.insert(PAYLOADS), rows)
    return len(there) - len(kept)


def _within(sequence: int, ranges: Ranges, firsts: Sequence[int]) -> bool:
    place = bisect_right(firsts, sequence) - 1
    return place >= 0 and sequence <= ranges[place][1]


def _read(connection: sa.Connection, sequences: Sequence[int], start: int) -> list[dict[str, Any]]:
    some = sequences[start : start + MOST_IN_A_QUERY]
    query = sa.select(PAYLOADS).where(PAYLOADS.c.sequence.in_(some))
    return [dict(row) for row in connection.execute(query).mappings()]
