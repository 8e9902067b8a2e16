"""The audit store: append-only, in order, on the disk before anything is answered."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from serving.audit import queries
from serving.audit.engines import engine_of, sqlite_url, turn
from serving.audit.entry import SCORED, Draft, Entry, EntryKind
from serving.audit.errors import AuditUnavailableError, KeyTakenError, TakenError, reason
from serving.audit.group import Also, Committed, Group, Key, Ticket
from serving.audit.recordable import body_of
from serving.audit.schema import bring_up
from serving.audit.transaction import Transaction
from serving.audit.writing import Head, Signer, head
from serving.breaker import Breaker, OpenError

__all__ = ["AuditStore", "AuditUnavailableError", "KeyTakenError", "TakenError"]


@dataclass(frozen=True)
class AuditStore:
    """Entries in SQLite or PostgreSQL. Safe to use from several threads and processes.

    tenant: whose entries are written. signer: signs what the log is after every commit.
    breaker: keeps callers from waiting for a store that is away; none by default.
    """

    engine: sa.Engine
    tenant: str
    signer: Signer | None
    breaker: Breaker | None = None
    group: Group = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "group", Group(Transaction(self.engine, self.tenant, self.signer).write)
        )

    @classmethod
    def open(cls, where: Path | str, tenant: str = "default", signer: Signer | None = None) -> Self:
        """The store in that SQLite file or at that URL, made if it is not there.

        Raises:
            AuditUnavailableError: if it cannot be written.
            ValueError: for a URL of another kind of database.
        """
        told = where if isinstance(where, Path) else sa.make_url(where).render_as_string()
        try:
            if isinstance(where, Path):
                where.parent.mkdir(parents=True, exist_ok=True)
            engine = engine_of(sqlite_url(where) if isinstance(where, Path) else where)
            with _disposed_if_it_fails(engine):
                bring_up(engine, tenant)
        except (OSError, sa.exc.SQLAlchemyError) as error:
            raise AuditUnavailableError(
                f"audit {told} cannot be opened: {reason(error)}"
            ) from error
        return cls(engine, tenant, signer)

    def append(self, drafts: Sequence[Draft]) -> list[Entry]:
        """Record all of them or none, durably, in this order.

        Raises:
            as `commit`.
        """
        return self.commit(drafts).entries

    def commit(
        self, drafts: Sequence[Draft], key: Key | None = None, also: Also | None = None
    ) -> Committed:
        """Record all of them and the key or nothing, durably, in this order.

        also: done in the same transaction, once the entries are in.

        Raises:
            AuditUnavailableError: nothing was recorded, as far as can be told: where the
                connection broke during the commit, it may have been.
            TakenError: an id is on record.
            KeyTakenError: the key is on record.
            ValueError: values that cannot be recorded exactly.
        """
        if not drafts:
            return Committed([], "")
        ticket = Ticket(drafts, [body_of(draft) for draft in drafts], key, also)
        with self._passing():
            return self.group.commit(ticket)

    def commit_together(
        self, wanted: Sequence[tuple[Sequence[Draft], Key | None]]
    ) -> list[Committed | Exception]:
        """What `commit` gives each of several callers, or raises; written in one transaction."""
        settled: dict[int, Committed | Exception] = {}
        tickets: dict[int, Ticket] = {}
        for place, (drafts, key) in enumerate(wanted):
            try:
                tickets[place] = Ticket(drafts, [body_of(draft) for draft in drafts], key)
            except ValueError as error:
                settled[place] = error
        if tickets:
            settled.update(zip(tickets, self._together(list(tickets.values())), strict=True))
        return [settled[place] for place in range(len(wanted))]

    def _together(self, tickets: Sequence[Ticket]) -> list[Committed | Exception]:
        try:
            with self._passing():
                self.group.write(tickets)
                _raise_if_away(tickets)
        except AuditUnavailableError as error:
            return [ticket.committed or _of(ticket) or error for ticket in tickets]
        return [ticket.committed or _of(ticket) or ticket.result() for ticket in tickets]

    def read(self, identifier: str) -> Entry | None:
        """The entry with that id."""
        found = self.select(queries.of_id(identifier))
        return found[0] if found else None

    def request(self, caller: str, key: str) -> dict[str, Any] | None:
        """The row of the table `requests` for an idempotency key; None if it was not used."""
        with self.reading() as connection:
            row = connection.execute(queries.request(caller, key)).mappings().one_or_none()
            return None if row is None else dict(row)

    def requests(self, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], dict[str, Any]]:
        """The rows for those callers' keys that were used; see `request`."""
        if not keys:
            return {}
        with self.reading() as connection:
            query = queries.requests({caller for caller, _ in keys}, {key for _, key in keys})
            rows = connection.execute(query).mappings()
            return {(row["caller"], row["key"]): dict(row) for row in rows}

    def named(self, start: str) -> Entry | None:
        """The only recommendation whose id starts so; None if there is none.

        Raises:
            LookupError: several do.
        """
        found = self.select(queries.named(start))
        if len(found) > 1:
            raise LookupError(f"several recommendations start with {start!r}; write more of the id")
        return found[0] if found else None

    def decisions(self, recommendation: str) -> list[Entry]:
        """What people decided about a recommendation, in order."""
        return self.select(queries.about(recommendation, EntryKind.DECISION))

    def undecided(
        self,
        task: str = "",
        site: str = "",
        limit: int = 200,
        *,
        picked: bool = False,
        within: Collection[str] | None = None,
    ) -> list[Entry]:
        """Latest recommendation of each case without a decision, by priority.

        picked: only those of the audit sample, which a small priority would hide. within: only
        those of these sites.
        """
        return self.select(queries.undecided(task, site, limit, picked=picked, within=within))

    def sites(self) -> list[str]:
        """Sites that have recommendations."""
        with self.reading() as connection:
            return list(connection.scalars(queries.sites()))

    def of_kind(self, *kinds: EntryKind) -> list[Entry]:
        """Every entry of those kinds, in order."""
        return self.select(queries.of_kinds(kinds))

    def newest(self, kinds: Sequence[EntryKind]) -> int:
        """Sequence of the latest entry of those kinds; 0 if there is none."""
        with self.reading() as connection:
            return connection.scalar(queries.newest(kinds)) or 0

    def answers(self) -> list[Entry]:
        """Every answer to a scored case, advice or not, in order; erased ones left out."""
        return [entry for entry in self.of_kind(*SCORED) if entry.body is not None]

    def all(self) -> list[Entry]:
        """Every entry, in order, all in memory: for tests and small records, see `walk`."""
        return list(self.walk())

    def walk(self, first: int = 1, batch: int = 1000) -> Iterator[Entry]:
        """Entries from sequence `first` to the last there is, in order, `batch` in memory at once.

        No transaction is kept open meanwhile, so it holds nobody up, however long it takes.
        """
        while True:
            some = self.select(queries.following(first, batch))
            yield from some
            if len(some) < batch:
                return
            first = some[-1].sequence + 1

    def between(self, first: int, last: int) -> list[Entry]:
        """Entries from sequence `first` to `last`, both included, in order."""
        return self.select(queries.between(first, last))

    def head(self) -> Head:
        """The end of the log as it says of itself."""
        with self.reading() as connection:
            return head(connection)

    def check(self) -> None:
        """Try that the store can be written now.

        Raises:
            AuditUnavailableError: it cannot.
        """
        try:
            with turn(self.engine), self.engine.begin() as connection:
                head(connection, lock=True)
            if self.breaker is not None:
                self.breaker.works()
        except (OSError, sa.exc.SQLAlchemyError) as error:
            raise AuditUnavailableError(f"the audit cannot be written: {reason(error)}") from error

    def close(self) -> None:
        """Let go of the file."""
        self.engine.dispose()

    def select(self, query: sa.Select[Any]) -> list[Entry]:
        """The entries that a query of `serving.audit.queries` finds."""
        with self.reading() as connection:
            return [queries.entry_of(row) for row in connection.execute(query).mappings()]

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that only reads.

        Raises:
            AuditUnavailableError: the record cannot be read.
        """
        with self._passing():
            try:
                with self.engine.connect().execution_options(reading=True) as connection:
                    yield connection
            except sa.exc.SQLAlchemyError as error:
                raise AuditUnavailableError(f"the audit cannot be read: {reason(error)}") from error

    @contextmanager
    def _passing(self) -> Iterator[None]:
        """Around one use of the store: refused at once while the breaker is open."""
        try:
            with self.breaker.passing(AuditUnavailableError) if self.breaker else nullcontext():
                yield
        except OpenError as error:
            raise AuditUnavailableError(f"nothing was tried: {error}", error.seconds) from error


def _of(ticket: Ticket) -> Exception | None:
    """What it was refused for; what stops the whole process is nobody's answer.

    Raises:
        KeyboardInterrupt, SystemExit: such a stop.
    """
    if ticket.error is not None and not isinstance(ticket.error, Exception):
        raise ticket.error
    return ticket.error


def _raise_if_away(tickets: Sequence[Ticket]) -> None:
    """Let the breaker know where the store failed; a ticket refused for its own sake is no failure.

    Raises:
        AuditUnavailableError: the error of such a ticket.
    """
    for ticket in tickets:
        if isinstance(ticket.error, AuditUnavailableError):
            raise ticket.error


@contextmanager
def _disposed_if_it_fails(engine: sa.Engine) -> Iterator[None]:
    try:
        yield
    except BaseException:
        engine.dispose()
        raise
