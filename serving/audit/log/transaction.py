"""Write a group of pending commits in one database transaction, and settle each of them.

What every group does with every entry is here, in as few statements as can be: each takes the
interpreter's lock anew, which callers that prepare their own entries hold meanwhile. Everything
else asks through SQLAlchemy.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple, dataclass, field
from functools import cache
from operator import attrgetter
from typing import Any, Protocol

import sqlalchemy as sa

from serving.audit.log.database import writer_lock
from serving.audit.log.entry import Entry, entry_from_draft
from serving.audit.log.errors import (
    AuditUnavailableError,
    DuplicateEntryError,
    IdempotencyKeyUsedError,
    describe_error,
)
from serving.audit.log.group_commit import CommitResult, IdempotencyKey, PendingCommit
from serving.audit.log.payload_partitions import create_partitions
from serving.audit.log.queries import idempotency_records
from serving.audit.log.tables import ENTRIES, HEAD, NODES, PAYLOADS, REQUESTS
from serving.audit.transparency.merkle import Frontier

ROWS_IN_A_STATEMENT = 32
"""Few enough that drivers keep the statement of every count prepared."""


def insert_rows(
    connection: sa.Connection, table: sa.Table, rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows; each has the columns of the table, in their order."""
    for start in range(0, len(rows), ROWS_IN_A_STATEMENT):
        some = rows[start : start + ROWS_IN_A_STATEMENT]
        text = insert_statement(table, len(some), connection.dialect.paramstyle)
        connection.exec_driver_sql(text, tuple(value for row in some for value in row))


@cache
def insert_statement(table: sa.Table, rows: int, paramstyle: str) -> str:
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


def existing_ids(connection: sa.Connection, identifiers: Sequence[str]) -> set[str]:
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


envelope_column_values = attrgetter(
    *(column.name for column in ENTRIES.columns if column.name != "hash")
)


class Signer(Protocol):
    """Signs a state of the log."""

    def note(self, origin: str, size: int, root: bytes) -> str:
        """The signed checkpoint, as C2SP tlog-checkpoint text."""


@dataclass(frozen=True)
class LogHead:
    """The end of the log."""

    origin: str
    frontier: Frontier
    hash: str

    @classmethod
    def of(cls, row: Any) -> LogHead:
        """The head as its row says it."""
        return cls(row.origin, Frontier.read(row.size, row.frontier), row.hash)


def read_head(connection: sa.Connection, *, lock: bool = False) -> LogHead:
    """The end of the log; locked, until the transaction ends, for whoever writes next."""
    return LogHead.of(connection.exec_driver_sql(head_query(connection.dialect.name, lock)).one())


class TransactionHookError(Exception):
    """What a caller wanted done with its entries failed, so nothing of the group was written."""

    def __init__(self, ticket: PendingCommit, error: Exception) -> None:
        super().__init__(str(error))
        self.ticket = ticket
        self.error = error


def write_group(
    connection: sa.Connection, tickets: Sequence[PendingCommit], tenant: str, signer: Signer | None
) -> list[tuple[PendingCommit, CommitResult]]:
    """Write what can be written; what is refused gets its error at once.

    The rest is settled only when the transaction is through: the caller does that.

    Raises:
        AlsoError: one ticket's `also` failed.
    """
    end = read_head(connection, lock=True)
    settle_uncertain_commits(connection, tickets)
    asking = [ticket for ticket in tickets if not ticket.done]
    free = _Reservations.read(connection, asking)
    taken_in = [ticket for ticket in asking if free.takes(ticket)]
    made: list[list[Entry]] = []
    sequence, previous = end.frontier.size, end.hash
    for ticket in taken_in:
        entries = list(_chain_entries(ticket, sequence, previous, tenant))
        made.append(entries)
        sequence, previous = sequence + len(entries), entries[-1].hash
    every = [entry for entries in made for entry in entries]
    if not every:
        return []
    frontier, nodes = end.frontier.with_leaves(bytes.fromhex(entry.hash) for entry in every)
    note = "" if signer is None else signer.note(end.origin, frontier.size, frontier.root())
    keys = [_idempotency_row(t.key, e, note) for t, e in zip(taken_in, made, strict=True) if t.key]
    create_partitions(connection, {entry.envelope.month for entry in every})
    insert_rows(connection, ENTRIES, [_entry_row(entry) for entry in every])
    insert_rows(connection, PAYLOADS, [_payload_row(entry) for entry in every])
    insert_rows(connection, NODES, [(node.level, node.index, node.hash.hex()) for node in nodes])
    insert_rows(connection, REQUESTS, keys)
    move_head(connection, frontier.size, previous, frontier.text())
    for ticket in taken_in:
        _run_hook(connection, ticket)
    return [(t, CommitResult(e, note)) for t, e in zip(taken_in, made, strict=True)]


def settle_uncertain_commits(connection: sa.Connection, tickets: Sequence[PendingCommit]) -> None:
    """Settle whoever was written by a commit of which nobody knew whether it went through."""
    for ticket in tickets:
        if ticket.tried is None or ticket.done:
            continue
        entry = ticket.tried.entries[0]
        query = sa.select(ENTRIES.c.hash).where(ENTRIES.c.sequence == entry.sequence)
        if connection.scalar(query) == entry.hash:
            ticket.committed = ticket.tried
        else:
            ticket.tried = None


def _run_hook(connection: sa.Connection, ticket: PendingCommit) -> None:
    if ticket.also is None:
        return
    try:
        ticket.also(connection)
    except Exception as error:
        if getattr(error, "connection_invalidated", False):
            raise  # the database went away, which is nothing of the caller's own
        raise TransactionHookError(ticket, error) from error


@dataclass
class _Reservations:
    """Which keys are on record, and which ids and keys an earlier ticket of the group takes.

    Ids on record are refused by the database: nearly all are new, see `GroupWriter`.
    """

    ids: set[str] = field(default_factory=set)
    keys: dict[tuple[str, str], sa.RowMapping | None] = field(default_factory=dict)

    @classmethod
    def read(cls, connection: sa.Connection, tickets: Sequence[PendingCommit]) -> _Reservations:
        asked = [ticket.key for ticket in tickets if ticket.key]
        if not asked:
            return cls()
        query = idempotency_records({key.caller for key in asked}, {key.key for key in asked})
        rows = connection.execute(query).mappings().all()
        return cls(keys={(row["caller"], row["key"]): row for row in rows})

    def takes(self, ticket: PendingCommit) -> bool:
        """Whether the ticket may be written; if not, it gets the reason."""
        ids = [draft.id for draft in ticket.drafts]
        double = next((one for i, one in enumerate(ids) if one in self.ids or one in ids[:i]), None)
        key = (ticket.key.caller, ticket.key.key) if ticket.key else None
        if key in self.keys:
            row = self.keys[key]
            assert ticket.key is not None
            ticket.error = IdempotencyKeyUsedError(asdict(ticket.key) if row is None else dict(row))
        elif double is not None:
            ticket.error = DuplicateEntryError(double)
        else:
            self.ids.update(ids)
            if key:
                self.keys[key] = None
        return ticket.error is None


def _chain_entries(
    ticket: PendingCommit, sequence: int, previous: str, tenant: str
) -> Iterator[Entry]:
    for draft, body in zip(ticket.drafts, ticket.bodies, strict=True):
        sequence += 1
        entry = entry_from_draft(draft, body, sequence, previous, tenant)
        previous = entry.hash
        yield entry


def _idempotency_row(key: IdempotencyKey, entries: Sequence[Entry], note: str) -> tuple[Any, ...]:
    first = entries[0]
    return (*astuple(key), first.sequence, len(entries), note, first.recorded_at)


def _entry_row(entry: Entry) -> tuple[Any, ...]:
    return (*envelope_column_values(entry.envelope), entry.hash)


def _payload_row(entry: Entry) -> tuple[Any, ...]:
    return (entry.sequence, entry.envelope.month, entry.salt, entry.body)


@dataclass(frozen=True)
class GroupWriter:
    """Writes groups to a store. tenant: whose entries. signer: signs after every group.

    lock: between threads of this process, who would wait longer for that between processes.
    """

    engine: sa.Engine
    tenant: str
    signer: Signer | None
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def write(self, tickets: Sequence[PendingCommit]) -> None:
        """Write what can be written, together if possible, and settle every ticket."""
        try:
            self._together(tickets)
        except TransactionHookError as failed:
            failed.ticket.error = failed.error
            self._again([ticket for ticket in tickets if ticket is not failed.ticket])
        except sa.exc.IntegrityError as error:
            on_record = self._on_record(tickets)
            for ticket in tickets:
                ticket.error = next(map(DuplicateEntryError, on_record & _ids(ticket)), None)
            if on_record:
                self._again([ticket for ticket in tickets if not ticket.done])
            else:
                self._one_by_one(tickets, error)
        except sa.exc.DataError as error:
            self._one_by_one(tickets, error)
        except (OSError, sa.exc.SQLAlchemyError) as error:
            self._away(tickets, error)
        except Exception as error:  # noqa: BLE001 - the caller whose entries it was gets it
            self._one_by_one(tickets, error)

    def _together(self, tickets: Sequence[PendingCommit]) -> None:
        with self.lock, writer_lock(self.engine), self.engine.begin() as connection:
            for ticket, committed in write_group(connection, tickets, self.tenant, self.signer):
                ticket.tried = committed
        for ticket in tickets:
            ticket.committed = ticket.tried

    def _again(self, tickets: Sequence[PendingCommit]) -> None:
        if tickets:
            self.write(tickets)

    def _one_by_one(self, tickets: Sequence[PendingCommit], error: Exception) -> None:
        if len(tickets) > 1:
            for ticket in tickets:
                self.write([ticket])
            return
        told = error
        if isinstance(error, sa.exc.DataError):
            told = ValueError(f"what cannot be recorded exactly: {describe_error(error)}")
        elif isinstance(error, sa.exc.IntegrityError):
            told = AuditUnavailableError(f"nothing was recorded: {describe_error(error)}")
        told.__cause__ = None if told is error else error
        tickets[0].error = told

    def _on_record(self, tickets: Sequence[PendingCommit]) -> set[str]:
        """Their ids that are on record: asked only where the database refused, for most are new."""
        ids = set[str]().union(*map(_ids, tickets))
        try:
            with self.engine.connect().execution_options(reading=True) as connection:
                return existing_ids(connection, sorted(ids))
        except (OSError, sa.exc.SQLAlchemyError):
            return set()

    def _away(self, tickets: Sequence[PendingCommit], error: Exception) -> None:
        """The database is away, or refuses. If that was at the commit, look what became of it.

        Whoever has the head row after a broken commit knows that the commit has ended.
        """
        told = AuditUnavailableError(f"nothing was recorded: {describe_error(error)}")
        if any(ticket.tried for ticket in tickets):
            try:
                with writer_lock(self.engine), self.engine.begin() as connection:
                    read_head(connection, lock=True)
                    settle_uncertain_commits(connection, tickets)
            except (OSError, sa.exc.SQLAlchemyError) as again:
                told = AuditUnavailableError(
                    "whether it was recorded cannot be told: the connection broke during the"
                    f" commit, and the record cannot be read since ({describe_error(again)});"
                    " ask again with the same idempotency key"
                )
        told.__cause__ = error
        for ticket in tickets:
            if not ticket.done:
                ticket.error = told


def _ids(ticket: PendingCommit) -> set[str]:
    return {draft.id for draft in ticket.drafts}
