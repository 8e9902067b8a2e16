"""Select entries for export and read them in batches from one database snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from serving.audit.log import queries
from serving.audit.log.entry import Entry
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.errors import AuditUnavailableError
from serving.audit.log.store import AuditStore
from serving.audit.log.tables import ENTRIES, PAYLOADS

BATCH_SIZE = 1000
BYTEWISE_COLLATION = {"sqlite": "BINARY", "postgresql": "C"}


@dataclass(frozen=True)
class Selection:
    """Selection of entries to export; all by default.

    Attributes:
        since: first day of recording, UTC.
        until: day of recording before which the selection ends, UTC.
        kinds: of entries.
        task: of entries; "" for all.
        site: of entries; "" for all.
    """

    since: date | None = None
    until: date | None = None
    kinds: tuple[EntryKind, ...] = tuple(EntryKind)
    task: str = ""
    site: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the filters; null for each that is not set."""
        every = set(self.kinds) == set(EntryKind)
        return {
            "since": self.since and self.since.isoformat(),
            "until": self.until and self.until.isoformat(),
            "kinds": None if every else sorted(map(str, self.kinds)),
            "task": self.task or None,
            "site": self.site or None,
        }

    def of(self, query: sa.Select[Any], dialect: str) -> sa.Select[Any]:
        """Return the query restricted to these entries."""
        of, at = ENTRIES.c, sa.collate(ENTRIES.c.recorded_at, BYTEWISE_COLLATION[dialect])
        query = query.where(of.kind.in_([str(kind) for kind in self.kinds]))
        if self.since:
            query = query.where(at >= self.since.isoformat())
        if self.until:
            query = query.where(at < self.until.isoformat())
        if self.task:
            query = query.where(of.task == self.task)
        return query.where(of.site == self.site) if self.site else query


@contextmanager
def read_snapshot(store: AuditStore) -> Iterator[sa.Connection]:
    """Open a connection that reads one snapshot of the log.

    Raises:
        AuditUnavailableError: the record cannot be read.
    """
    options: dict[str, Any] = {"reading": True}
    if store.engine.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    try:
        with store.engine.connect().execution_options(**options) as connection:
            yield connection
    except sa.exc.SQLAlchemyError as error:
        raise AuditUnavailableError(f"the audit cannot be read: {error.args[0]}") from error


def read_batches(
    connection: sa.Connection, wanted: Selection, size: int = BATCH_SIZE
) -> Iterator[Sequence[Entry]]:
    """Yield the selected entries in order, `size` at a time."""
    last = 0
    while True:
        query = wanted.of(queries.entries(), connection.dialect.name)
        after = query.where(ENTRIES.c.sequence > last).order_by(ENTRIES.c.sequence).limit(size)
        batch = [queries.entry_from_row(row) for row in connection.execute(after).mappings()]
        if not batch:
            return
        yield batch
        last = batch[-1].sequence


def count_in_database(connection: sa.Connection, wanted: Selection) -> list[Any]:
    """Count the selected entries by kind and site in the database.

    Returns:
        Rows of kind, site, number of entries, sum of sequences, first and last sequence, and
        number of entries that were not erased.
    """
    of = ENTRIES.c
    count, held = sa.func.count(), sa.func.count(PAYLOADS.c.sequence)
    ends = sa.func.min(of.sequence), sa.func.max(of.sequence)
    query = sa.select(of.kind, of.site, count, sa.func.sum(of.sequence), *ends, held)
    grouped = query.select_from(queries.ENTRIES_WITH_PAYLOAD).group_by(of.kind, of.site)
    return list(connection.execute(wanted.of(grouped, connection.dialect.name)))


def missing_sequences(connection: sa.Connection) -> list[tuple[int, int]]:
    """Return the sequences that are missing from the whole log, as ranges."""
    before = sa.func.lag(ENTRIES.c.sequence, 1, 0).over(order_by=ENTRIES.c.sequence)
    pairs = sa.select(before.label("before"), ENTRIES.c.sequence).subquery()
    query = sa.select(pairs).where(pairs.c.sequence > pairs.c.before + 1)
    return [(row.before + 1, row.sequence - 1) for row in connection.execute(query)]
