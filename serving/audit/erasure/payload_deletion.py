"""Delete payloads within a transaction, and purge them from the disk afterwards."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from serving.audit.log.database import SQLITE_WAIT_SECONDS, writer_lock
from serving.audit.log.payload_partitions import create_partitions, drop_partition
from serving.audit.log.sequence_ranges import RangeList
from serving.audit.log.store import AuditStore
from serving.audit.log.tables import PAYLOADS

ROWS_PER_QUERY = 500
RETRY_SECONDS = 0.05


class PayloadsChangedError(RuntimeError):
    """The payloads to delete are not those that were planned; nothing was deleted."""


def delete_payloads(
    connection: sa.Connection, *, ranges: RangeList, count: int, months: Collection[str] = ()
) -> None:
    """Delete the payloads and salts of entries, within the connection's transaction.

    Args:
        connection: in a transaction that writes.
        ranges: of the entries' sequences.
        count: number of payloads that there must be.
        months: to drop as partitions; their payloads outside the ranges are put back.

    Raises:
        PayloadsChangedError: another number of payloads was there.
    """
    deleted = sum(_drop_partition(connection, month, ranges) for month in months)
    for first, last in ranges:
        of_range = sa.delete(PAYLOADS).where(PAYLOADS.c.sequence.between(first, last))
        deleted += connection.execute(of_range).rowcount
    if deleted != count:
        raise PayloadsChangedError(f"{deleted} payloads were there to delete, not {count}")


def purge_from_disk(store: AuditStore) -> bool:
    """Remove deleted payloads from the disk; return False if readers prevented it for now.

    SQLite overwrites it in the file (`serving.audit.log.database` asks it to) and keeps it in its
    write-ahead log until that is emptied, PostgreSQL in dead rows until they are vacuumed.
    Neither can reach copies of the files, nor WAL archives and backups.
    """
    if store.engine.dialect.name == "sqlite":
        return _truncate_wal(store.engine)
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")  # a year may take its time
        connection.exec_driver_sql("VACUUM payloads")
        connection.exec_driver_sql("RESET statement_timeout")
    return True


def _truncate_wal(engine: sa.Engine) -> bool:
    """Empty SQLite's write-ahead log, which cannot be done within a transaction.

    SQLite does not wait for a checkpoint that is running, so this tries again.
    """
    until = time.monotonic() + SQLITE_WAIT_SECONDS
    raw = engine.raw_connection()
    try:
        while True:
            with writer_lock(engine):
                (busy, _, _) = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if not busy or time.monotonic() > until:
                return not busy
            time.sleep(RETRY_SECONDS)
    finally:
        raw.close()


def _drop_partition(connection: sa.Connection, month: str, ranges: RangeList) -> int:
    """Drop a month, put back its payloads outside the ranges, and return how many are gone."""
    of_month = sa.select(PAYLOADS.c.sequence).where(PAYLOADS.c.month == month)
    there = list(connection.scalars(of_month))
    firsts = [first for first, _ in ranges]
    kept = [s for s in there if not _in_ranges(s, ranges, firsts)]
    rows = [
        row
        for i in range(0, len(kept), ROWS_PER_QUERY)
        for row in _read_payloads(connection, kept, i)
    ]
    drop_partition(connection, month)
    if rows:
        create_partitions(connection, [month])
        connection.execute(sa.insert(PAYLOADS), rows)
    return len(there) - len(kept)


def _in_ranges(sequence: int, ranges: RangeList, firsts: Sequence[int]) -> bool:
    place = bisect_right(firsts, sequence) - 1
    return place >= 0 and sequence <= ranges[place][1]


def _read_payloads(
    connection: sa.Connection, sequences: Sequence[int], start: int
) -> list[dict[str, Any]]:
    some = sequences[start : start + ROWS_PER_QUERY]
    query = sa.select(PAYLOADS).where(PAYLOADS.c.sequence.in_(some))
    return [dict(row) for row in connection.execute(query).mappings()]
