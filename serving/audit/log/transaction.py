"""Write a group of pending commits in one database transaction, and settle each of them.

The statements that every group runs are written out here and are as few as possible: each one
competes anew for the interpreter's lock with callers that prepare their entries meanwhile. All
other queries go through SQLAlchemy.
"""

from __future__ import annotations

import json
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
from serving.audit.log.group_commit import CommitResult, PendingCommit
from serving.audit.log.payload_partitions import create_partitions
from serving.audit.log.queries import idempotency_records
from serving.audit.log.tables import ENTRIES, HEAD, NODES, PAYLOADS, REQUESTS
from serving.audit.transparency.merkle import Frontier

ROWS_IN_A_STATEMENT = 32
"""Few enough that drivers keep a prepared statement for each number of rows."""


def insert_rows(
    connection: sa.Connection, table: sa.Table, rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows.

    Args:
        connection: in a transaction.
        table: where to.
        rows: each with the values of all columns of the table, in their order.
    """
    for start in range(0, len(rows), ROWS_IN_A_STATEMENT):
        batch = rows[start : start + ROWS_IN_A_STATEMENT]
        statement = insert_statement(table, len(batch), connection.dialect.paramstyle)
        connection.exec_driver_sql(statement, tuple(value for row in batch for value in row))


@cache
def insert_statement(table: sa.Table, rows: int, paramstyle: str) -> str:
    """Return the INSERT statement for so many rows. paramstyle: of the driver, see PEP 249."""
    mark = "?" if paramstyle == "qmark" else "%s"
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    row = f"({', '.join([mark] * len(table.columns))})"
    return f"INSERT INTO {table.name} ({names}) VALUES {', '.join([row] * rows)}"  # noqa: S608 - names of our own


@cache
def head_query(backend: str, lock: bool) -> str:  # noqa: FBT001 - both are the key of the cache
    """Return the query for the head row. lock: it for the transaction; SQLite has one writer."""
    names = ", ".join(f'"{column.name}"' for column in HEAD.columns)
    return f"SELECT {names} FROM head" + (" FOR UPDATE" if lock and backend != "sqlite" else "")  # noqa: S608 - names of our own


def move_head(connection: sa.Connection, size: int, last_hash: str, frontier: str) -> None:
    """Record the new end of the log in the head row."""
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    statement = f'UPDATE head SET "size" = {mark}, "hash" = {mark}, "frontier" = {mark}'  # noqa: S608
    connection.exec_driver_sql(statement, (size, last_hash, frontier))


def existing_ids(connection: sa.Connection, identifiers: Sequence[str]) -> set[str]:
    """Return which of these ids are on record."""
    query: tuple[str, tuple[Any, ...]]
    if connection.dialect.name == "postgresql":
        query = "SELECT id FROM entries WHERE id = ANY(%b)", (list(identifiers),)
    else:
        query = (
            "SELECT id FROM entries WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(identifiers),),
        )
    return set(connection.exec_driver_sql(*query).scalars())


envelope_column_values = attrgetter(
    *(column.name for column in ENTRIES.columns if column.name != "hash")
)


class Signer(Protocol):
    """Signs a state of the log."""

    def note(self, origin: str, size: int, root: bytes) -> str:
        """Return the signed checkpoint of that state, as C2SP tlog-checkpoint text."""


@dataclass(frozen=True)
class LogHead:
    """The end of the log. hash: of the last entry, hexadecimal; 64 zeros for an empty log."""

    origin: str
    frontier: Frontier
    hash: str

    @classmethod
    def of(cls, row: Any) -> LogHead:
        """Return the head that a row of the table `head` holds."""
        return cls(row.origin, Frontier.read(row.size, row.frontier), row.hash)


def read_head(connection: sa.Connection, *, lock: bool = False) -> LogHead:
    """Return the end of the log. lock: the row for this transaction, as every writer does."""
    return LogHead.of(connection.exec_driver_sql(head_query(connection.dialect.name, lock)).one())


class TransactionHookError(Exception):
    """The hook of one commit failed, so the transaction of its group was rolled back."""

    def __init__(self, commit: PendingCommit, error: Exception) -> None:
        super().__init__(str(error))
        self.commit = commit
        self.error = error


def write_group(
    connection: sa.Connection, commits: Sequence[PendingCommit], tenant: str, signer: Signer | None
) -> list[tuple[PendingCommit, CommitResult]]:
    """Insert the entries of a group and move the head, within the connection's transaction.

    Commits that are refused get their error at once. The others are settled by the caller, once
    the transaction is through.

    Args:
        connection: in a transaction that writes.
        commits: of the group; those that are settled already are left out.
        tenant: whose entries these are.
        signer: signs the checkpoint after the group; None for a log without checkpoints.

    Returns:
        Each commit whose entries are in, with its result.

    Raises:
        TransactionHookError: the hook of one commit failed.
    """
    head = read_head(connection, lock=True)
    settle_uncertain_commits(connection, commits)
    undecided = [commit for commit in commits if not commit.done]
    reservations = _Reservations.read(connection, undecided)
    admitted = [commit for commit in undecided if reservations.admit(commit)]
    chained = _chain_commits(admitted, head, tenant)
    entries = [entry for own in chained for entry in own]
    if not entries:
        return []
    frontier, nodes = head.frontier.with_leaves(bytes.fromhex(entry.hash) for entry in entries)
    note = "" if signer is None else signer.note(head.origin, frontier.size, frontier.root())
    results = [CommitResult(own, note) for own in chained]
    create_partitions(connection, {entry.envelope.month for entry in entries})
    insert_rows(connection, ENTRIES, [_entry_row(entry) for entry in entries])
    insert_rows(connection, PAYLOADS, [_payload_row(entry) for entry in entries])
    insert_rows(connection, NODES, [(node.level, node.index, node.hash.hex()) for node in nodes])
    insert_rows(connection, REQUESTS, list(_idempotency_rows(admitted, results)))
    move_head(connection, frontier.size, entries[-1].hash, frontier.text())
    for commit in admitted:
        _run_hook(connection, commit)
    return list(zip(admitted, results, strict=True))


def settle_uncertain_commits(connection: sa.Connection, commits: Sequence[PendingCommit]) -> None:
    """Find out whether commits of an unknown outcome are on record, and settle those that are."""
    for commit in commits:
        if commit.tried is None or commit.done:
            continue
        entry = commit.tried.entries[0]
        query = sa.select(ENTRIES.c.hash).where(ENTRIES.c.sequence == entry.sequence)
        if connection.scalar(query) == entry.hash:
            commit.committed = commit.tried
        else:
            commit.tried = None


def _run_hook(connection: sa.Connection, commit: PendingCommit) -> None:
    if commit.also is None:
        return
    try:
        commit.also(connection)
    except Exception as error:
        if getattr(error, "connection_invalidated", False):
            raise  # the database went away, which is not the hook's fault
        raise TransactionHookError(commit, error) from error


@dataclass
class _Reservations:
    """Idempotency keys on record, and the ids and keys of commits admitted to this group.

    Ids on record are refused by the database: nearly all are new, see `GroupWriter`.
    """

    ids: set[str] = field(default_factory=set)
    keys: dict[tuple[str, str], sa.RowMapping | None] = field(default_factory=dict)

    @classmethod
    def read(cls, connection: sa.Connection, commits: Sequence[PendingCommit]) -> _Reservations:
        """Read which of the commits' idempotency keys are on record."""
        keys = [commit.key for commit in commits if commit.key]
        if not keys:
            return cls()
        query = idempotency_records({key.caller for key in keys}, {key.key for key in keys})
        rows = connection.execute(query).mappings().all()
        return cls(keys={(row["caller"], row["key"]): row for row in rows})

    def admit(self, commit: PendingCommit) -> bool:
        """Reserve the commit's ids and key; if they are taken, set its error and return False."""
        ids = [draft.id for draft in commit.drafts]
        duplicate = next((n for i, n in enumerate(ids) if n in self.ids or n in ids[:i]), None)
        key = (commit.key.caller, commit.key.key) if commit.key else None
        if key in self.keys:
            row = self.keys[key]
            assert commit.key is not None
            commit.error = IdempotencyKeyUsedError(asdict(commit.key) if row is None else dict(row))
        elif duplicate is not None:
            commit.error = DuplicateEntryError(duplicate)
        else:
            self.ids.update(ids)
            if key:
                self.keys[key] = None
        return commit.error is None


def _chain_commits(
    commits: Sequence[PendingCommit], head: LogHead, tenant: str
) -> list[list[Entry]]:
    """Return the entries of each commit, in their places after the head."""
    sequence, previous = head.frontier.size, head.hash
    chained: list[list[Entry]] = []
    for commit in commits:
        entries: list[Entry] = []
        for draft, body in zip(commit.drafts, commit.bodies, strict=True):
            sequence += 1
            entries.append(entry_from_draft(draft, body, sequence, previous, tenant))
            previous = entries[-1].hash
        chained.append(entries)
    return chained


def _idempotency_rows(
    commits: Sequence[PendingCommit], results: Sequence[CommitResult]
) -> Iterator[tuple[Any, ...]]:
    for commit, result in zip(commits, results, strict=True):
        if commit.key:
            first, count, note = result.entries[0], len(result.entries), result.checkpoint
            yield (*astuple(commit.key), first.sequence, count, note, first.recorded_at)


def _entry_row(entry: Entry) -> tuple[Any, ...]:
    return (*envelope_column_values(entry.envelope), entry.hash)


def _payload_row(entry: Entry) -> tuple[Any, ...]:
    return (entry.sequence, entry.envelope.month, entry.salt, entry.body)


@dataclass(frozen=True)
class GroupWriter:
    """Writes groups to a database, and finds the commit that a failure belongs to.

    tenant: whose entries are written. signer: signs a checkpoint after every group.
    """

    engine: sa.Engine
    tenant: str
    signer: Signer | None

    def write(self, commits: Sequence[PendingCommit]) -> None:
        """Settle every commit; those that can be written go into one transaction if possible."""
        try:
            self._write_together(commits)
        except TransactionHookError as failure:
            failure.commit.error = failure.error
            self._write_rest(commits)
        except sa.exc.IntegrityError as error:
            recorded = self._recorded_ids(commits)
            for commit in commits:
                commit.error = next(map(DuplicateEntryError, recorded & _ids(commit)), None)
            if recorded:
                self._write_rest(commits)
            else:
                self._write_one_by_one(commits, error)
        except sa.exc.DataError as error:
            self._write_one_by_one(commits, error)
        except (OSError, sa.exc.SQLAlchemyError) as error:
            self._settle_after_outage(commits, error)
        except Exception as error:  # noqa: BLE001 - the caller whose entries caused it gets it
            self._write_one_by_one(commits, error)

    def _write_together(self, commits: Sequence[PendingCommit]) -> None:
        with writer_lock(self.engine), self.engine.begin() as connection:
            for commit, result in write_group(connection, commits, self.tenant, self.signer):
                commit.tried = result
        for commit in commits:
            commit.committed = commit.tried

    def _write_rest(self, commits: Sequence[PendingCommit]) -> None:
        unsettled = [commit for commit in commits if not commit.done]
        if unsettled:
            self.write(unsettled)

    def _write_one_by_one(self, commits: Sequence[PendingCommit], error: Exception) -> None:
        """Write each in a transaction of its own; a single commit gets the error."""
        if len(commits) > 1:
            for commit in commits:
                self.write([commit])
            return
        reported = error
        if isinstance(error, sa.exc.DataError):
            reported = ValueError(f"what cannot be recorded exactly: {describe_error(error)}")
        elif isinstance(error, sa.exc.IntegrityError):
            reported = AuditUnavailableError(f"nothing was recorded: {describe_error(error)}")
        reported.__cause__ = None if reported is error else error
        commits[0].error = reported

    def _recorded_ids(self, commits: Sequence[PendingCommit]) -> set[str]:
        """Return those of the commits' ids that are on record.

        Looked up only after the database refused an insert, because most ids are new.
        """
        ids = set[str]().union(*map(_ids, commits))
        try:
            with self.engine.connect().execution_options(reading=True) as connection:
                return existing_ids(connection, sorted(ids))
        except (OSError, sa.exc.SQLAlchemyError):
            return set()

    def _settle_after_outage(self, commits: Sequence[PendingCommit], error: Exception) -> None:
        """Settle all after the database went away; if it did at the commit, look for the entries.

        A broken commit has ended once another transaction holds the head row.
        """
        reported = AuditUnavailableError(f"nothing was recorded: {describe_error(error)}")
        if any(commit.tried for commit in commits):
            try:
                with writer_lock(self.engine), self.engine.begin() as connection:
                    read_head(connection, lock=True)
                    settle_uncertain_commits(connection, commits)
            except (OSError, sa.exc.SQLAlchemyError) as second:
                reported = AuditUnavailableError(
                    "whether it was recorded cannot be told: the connection broke during the"
                    f" commit, and the record cannot be read since ({describe_error(second)});"
                    " ask again with the same idempotency key"
                )
        reported.__cause__ = error
        for commit in commits:
            if not commit.done:
                commit.error = reported


def _ids(commit: PendingCommit) -> set[str]:
    return {draft.id for draft in commit.drafts}
