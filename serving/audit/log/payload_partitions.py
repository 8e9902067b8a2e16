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
    """Payloads of one month, `2026-11`: the first and last sequence that is left, and how many."""

    month: str
    first: int
    last: int
    total: int


def list_partitions(connection: sa.Connection) -> list[PartitionSummary]:
    """Months that have payloads left, in order."""
    of = PAYLOADS.c
    query = sa.select(
        of.month, sa.func.min(of.sequence), sa.func.max(of.sequence), sa.func.count()
    ).group_by(of.month)
    return [PartitionSummary(*row) for row in connection.execute(query.order_by(of.month))]


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


def create_partitions(connection: sa.Connection, wanted: Iterable[str]) -> None:
    """See that PostgreSQL has a partition for each of these months; nothing elsewhere.

    Safe for whoever holds the head row: writers come here one after the other.

    Raises:
        ValueError: not a month as `2026-11`.
    """
    if connection.dialect.name != "postgresql":
        return
    for month in wanted:
        table = partition_table(month)
        # Asked every time: another process may have dropped it since, and then it is made again.
        if connection.exec_driver_sql("SELECT to_regclass(%s)", (table,)).scalar() is None:
            connection.exec_driver_sql(
                f"CREATE TABLE {table} PARTITION OF payloads FOR VALUES IN ('{month}')"
            )


def partition_table(month: str) -> str:
    """The table that holds the month on PostgreSQL.

    Raises:
        ValueError: not a month as `2026-11`.
    """
    return f"payloads_{validate_month(month).replace('-', '_')}"


def validate_month(month: str) -> str:
    """The month itself.

    Raises:
        ValueError: not a month as `2026-11`.
    """
    if not MONTH_PATTERN.fullmatch(month):
        raise ValueError(f"{month!r} is not a month as 2026-11")
    return month
