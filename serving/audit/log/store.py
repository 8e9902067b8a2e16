"""The audit store: append-only, ordered, durable before anything is answered."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from serving.audit.log import queries
from serving.audit.log.canonical_json import canonicalize
from serving.audit.log.database import open_engine, sqlite_url, writer_lock
from serving.audit.log.entry import Draft, Entry
from serving.audit.log.entry_kind import SCORED_KINDS, EntryKind
from serving.audit.log.errors import AuditUnavailableError, describe_error
from serving.audit.log.group_commit import (
    CommitResult,
    GroupCommit,
    IdempotencyKey,
    PendingCommit,
    TransactionHook,
)
from serving.audit.log.payload_partitions import MONTH_PATTERN
from serving.audit.log.schema import upgrade_schema
from serving.audit.log.transaction import GroupWriter, LogHead, Signer, read_head
from serving.runtime.circuit_breaker import CircuitBreaker, CircuitOpenError


def canonical_body(draft: Draft) -> str:
    """Return the canonical payload of a draft, in a form that every database can hold.

    Raises:
        ValueError: values that JSON cannot hold exactly; a NUL, which PostgreSQL refuses, or half
            a surrogate pair, which has no UTF-8, in what the entry is found by; a time that does
            not begin with year and month.
    """
    for text in (draft.id, draft.about, draft.task, draft.site, draft.reference):
        if "\0" in text:
            raise ValueError(f"{text!r} holds a NUL and cannot be recorded exactly")
        text.encode()
    if not MONTH_PATTERN.fullmatch(draft.recorded_at[:7]):
        raise ValueError(f"recorded_at is {draft.recorded_at!r}; it takes ISO 8601 in UTC")
    return canonicalize(draft.payload)


@dataclass(frozen=True)
class AuditStore:
    """Entries in SQLite or PostgreSQL. Safe to use from several threads and processes.

    Attributes:
        engine: of the database.
        tenant: that entries are written for.
        signer: signs a checkpoint after every group of commits; None for a log without
            checkpoints.
        breaker: refuses calls at once while the database is unavailable; None lets every caller
            wait.
    """

    engine: sa.Engine
    tenant: str
    signer: Signer | None
    breaker: CircuitBreaker | None = None
    group: GroupCommit = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "group", GroupCommit(GroupWriter(self.engine, self.tenant, self.signer).write)
        )

    @classmethod
    def open(cls, where: Path | str, tenant: str = "default", signer: Signer | None = None) -> Self:
        """Open the store in a SQLite file or at a database URL; create tables that are missing.

        Raises:
            AuditUnavailableError: it cannot be opened or written.
            ValueError: for a URL of another kind of database.
        """
        address = where if isinstance(where, Path) else sa.make_url(where).render_as_string()
        try:
            if isinstance(where, Path):
                where.parent.mkdir(parents=True, exist_ok=True)
            engine = open_engine(sqlite_url(where) if isinstance(where, Path) else where)
            with _dispose_on_error(engine):
                upgrade_schema(engine)
        except (OSError, sa.exc.SQLAlchemyError) as error:
            raise AuditUnavailableError(
                f"audit {address} cannot be opened: {describe_error(error)}"
            ) from error
        return cls(engine, tenant, signer)

    def append(self, drafts: Sequence[Draft]) -> list[Entry]:
        """Record all drafts or none, durably, in this order; see `commit` for the errors."""
        return self.commit(drafts).entries

    def commit(
        self,
        drafts: Sequence[Draft],
        key: IdempotencyKey | None = None,
        also: TransactionHook | None = None,
    ) -> CommitResult:
        """Record all drafts and the key, or nothing, durably and in this order.

        Args:
            drafts: to record.
            key: idempotency key of the request; refused if it was used before.
            also: runs in the same transaction, once the entries are in.

        Raises:
            AuditUnavailableError: nothing was recorded, as far as can be told: where the
                connection broke during the commit, it may have been.
            DuplicateEntryError: an id is on record.
            IdempotencyKeyUsedError: the key is on record.
            ValueError: values that cannot be recorded exactly.
        """
        if not drafts:
            return CommitResult([], "")
        commit = PendingCommit(drafts, [canonical_body(draft) for draft in drafts], key, also)
        self._submit([commit])
        return commit.result()

    def commit_together(
        self, wanted: Sequence[tuple[Sequence[Draft], IdempotencyKey | None]]
    ) -> list[CommitResult | Exception]:
        """Record the drafts of several requests; a refused request does not affect the others.

        Args:
            wanted: the drafts of each request, and its idempotency key.

        Returns:
            For each request what `commit` returns, or the exception that it raises.
        """
        outcomes: dict[int, CommitResult | Exception] = {}
        commits: dict[int, PendingCommit] = {}
        for place, (drafts, key) in enumerate(wanted):
            try:
                bodies = [canonical_body(draft) for draft in drafts]
                commits[place] = PendingCommit(drafts, bodies, key)
            except ValueError as error:
                outcomes[place] = error
        if commits:
            outcomes.update(zip(commits, self._outcomes(list(commits.values())), strict=True))
        return [outcomes[place] for place in range(len(wanted))]

    def _outcomes(self, commits: Sequence[PendingCommit]) -> list[CommitResult | Exception]:
        try:
            self._submit(commits)
        except AuditUnavailableError as error:
            return [commit.committed or commit.error or error for commit in commits]
        return [commit.error or commit.result() for commit in commits]

    def _submit(self, commits: Sequence[PendingCommit]) -> None:
        """Write the commits through the group and settle each of them.

        Raises:
            AuditUnavailableError: the database failed, so that the breaker counts it; errors of
                single commits, such as a duplicate id, are left to their callers.
        """
        with self._guarded():
            self.group.commit(commits)
            for commit in commits:
                if isinstance(commit.error, AuditUnavailableError):
                    raise commit.error

    def read(self, identifier: str) -> Entry | None:
        """Return the entry of that id; None if there is none."""
        entries = self.select(queries.entry_by_id(identifier))
        return entries[0] if entries else None

    def request(self, caller: str, key: str) -> dict[str, Any] | None:
        """Return the row of the table `requests` for an idempotency key; None if it is unused."""
        with self.reading() as connection:
            row = (
                connection.execute(queries.idempotency_record(caller, key)).mappings().one_or_none()
            )
            return None if row is None else dict(row)

    def requests(self, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], dict[str, Any]]:
        """Return the rows of those (caller, key) that were used; see `request`."""
        if not keys:
            return {}
        with self.reading() as connection:
            query = queries.idempotency_records(
                {caller for caller, _ in keys}, {key for _, key in keys}
            )
            rows = connection.execute(query).mappings()
            return {(row["caller"], row["key"]): dict(row) for row in rows}

    def named(self, start: str) -> Entry | None:
        """Return the only answer whose id starts with a text; None if none does.

        Raises:
            LookupError: several do.
        """
        answers = self.select(queries.answers_by_id_prefix(start))
        if len(answers) > 1:
            raise LookupError(f"several recommendations start with {start!r}; write more of the id")
        return answers[0] if answers else None

    def decisions(self, recommendation: str) -> list[Entry]:
        """Return the decisions about a recommendation, in order."""
        return self.select(queries.entries_about(recommendation, EntryKind.DECISION))

    def undecided(
        self,
        task: str = "",
        site: str = "",
        limit: int = 200,
        *,
        picked: bool = False,
        within: Collection[str] | None = None,
    ) -> list[Entry]:
        """Return the latest answer of each case without a decision, highest priority first.

        Args:
            task: only of this task; "" for all.
            site: only of this site; "" for all.
            limit: most answers to return.
            picked: only the audit sample, which its small priorities would hide.
            within: only of these sites; None for all.
        """
        return self.select(
            queries.undecided_answers(task, site, limit, picked=picked, within=within)
        )

    def sites(self) -> list[str]:
        """Return the sites that have answers."""
        with self.reading() as connection:
            return list(connection.scalars(queries.sites_with_answers()))

    def of_kind(self, *kinds: EntryKind) -> list[Entry]:
        """Return every entry of those kinds, in order."""
        return self.select(queries.entries_of_kinds(kinds))

    def newest(self, kinds: Sequence[EntryKind]) -> int:
        """Return the sequence of the latest entry of those kinds; 0 if there is none."""
        with self.reading() as connection:
            return connection.scalar(queries.latest_sequence(kinds)) or 0

    def answers(self) -> list[Entry]:
        """Return every answer that a model scored, in order, without the erased ones."""
        return [entry for entry in self.of_kind(*SCORED_KINDS) if entry.body is not None]

    def all(self) -> list[Entry]:
        """Return every entry, in order and all in memory; for a large log use `walk`."""
        return list(self.walk())

    def walk(self, first: int = 1, batch: int = 1000) -> Iterator[Entry]:
        """Yield the entries from sequence `first` on, in order, with `batch` in memory at once.

        Each batch is a transaction of its own, so a slow reader holds up no writer.
        """
        while True:
            entries = self.select(queries.entries_from(first, batch))
            yield from entries
            if len(entries) < batch:
                return
            first = entries[-1].sequence + 1

    def between(self, first: int, last: int) -> list[Entry]:
        """Return the entries from sequence `first` to `last`, both included, in order."""
        return self.select(queries.entries_between(first, last))

    def head(self) -> LogHead:
        """Return the end of the log, as its head row says."""
        with self.reading() as connection:
            return read_head(connection)

    def check(self) -> None:
        """Check that the store can be written now.

        Raises:
            AuditUnavailableError: it cannot.
        """
        try:
            with writer_lock(self.engine), self.engine.begin() as connection:
                read_head(connection, lock=True)
            if self.breaker is not None:
                self.breaker.works()
        except (OSError, sa.exc.SQLAlchemyError) as error:
            raise AuditUnavailableError(
                f"the audit cannot be written: {describe_error(error)}"
            ) from error

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def select(self, query: sa.Select[Any]) -> list[Entry]:
        """Return the entries that a query of `serving.audit.log.queries` finds."""
        with self.reading() as connection:
            return [queries.entry_from_row(row) for row in connection.execute(query).mappings()]

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Open a connection that only reads.

        Raises:
            AuditUnavailableError: the record cannot be read.
        """
        with self._guarded():
            try:
                with self.engine.connect().execution_options(reading=True) as connection:
                    yield connection
            except sa.exc.SQLAlchemyError as error:
                raise AuditUnavailableError(
                    f"the audit cannot be read: {describe_error(error)}"
                ) from error

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Guard one use of the store by the breaker, which refuses it at once while it is open."""
        try:
            with self.breaker.guard(AuditUnavailableError) if self.breaker else nullcontext():
                yield
        except CircuitOpenError as error:
            raise AuditUnavailableError(f"nothing was tried: {error}", error.seconds) from error


@contextmanager
def _dispose_on_error(engine: sa.Engine) -> Iterator[None]:
    try:
        yield
    except BaseException:
        engine.dispose()
        raise
