"""Payload partitions by month, which retention drops as a whole.

PostgreSQL keeps each month in a partition of its own, so that dropping a month gives its space
back at once. SQLite has the month as a column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa

from serving.audit.log.tables import PAYLOADS

MONTH_PATTERN = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


class PartitionSummary(NamedTuple):
    """Payloads left of one month, as `2026-11`: first and last sequence, and their number."""

    month: str
    first: int
    last: int
    total: int


def list_partitions(connection: sa.Connection) -> list[PartitionSummary]:
    """Return the months that have payloads left, in order."""
    columns = PAYLOADS.c
    query = sa.select(
        columns.month, sa.func.min(columns.sequence), sa.func.max(columns.sequence), sa.func.count()
    ).group_by(columns.month)
    return [PartitionSummary(*row) for row in connection.execute(query.order_by(columns.month))]


def drop_partition(connection: sa.Connection, month: str) -> None:
    """Erase every payload of the month, in the connection's transaction.

    The caller records it in the same transaction, as an ERASURE that names the sequences.

    Raises:
        ValueError: not a month as `2026-11`.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {partition_table(month)}")
    else:
        connection.execute(sa.delete(PAYLOADS).where(PAYLOADS.c.month == validate_month(month)))


def create_partitions(connection: sa.Connection, months: Iterable[str]) -> None:
    """Create the partitions of these months on PostgreSQL where they are missing.

    The caller holds the head row, so no other writer creates them at the same time.

    Raises:
        ValueError: not a month as `2026-11`.
    """
    if connection.dialect.name != "postgresql":
        return
    for month in months:
        table = partition_table(month)
        # Looked up every time: another process may have dropped the partition since.
        if connection.exec_driver_sql("SELECT to_regclass(%s)", (table,)).scalar() is None:
            connection.exec_driver_sql(
                f"CREATE TABLE {table} PARTITION OF payloads FOR VALUES IN ('{month}')"
            )


def partition_table(month: str) -> str:
    """Return the name of the table that holds a month on PostgreSQL.

    Raises:
        ValueError: not a month as `2026-11`.
    """
    return f"payloads_{validate_month(month).replace('-', '_')}"


def validate_month(month: str) -> str:
    """Return the month if it is one.

    Raises:
        ValueError: not a month as `2026-11`.
    """
    if not MONTH_PATTERN.fullmatch(month):
        raise ValueError(f"{month!r} is not a month as 2026-11")
    return month
