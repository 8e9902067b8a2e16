"""Writing to the record: one transaction for a group of callers, each written or refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple, dataclass, field
from operator import attrgetter
from typing import Any, Protocol

import sqlalchemy as sa

from serving.audit.entry import Entry, placed
from serving.audit.errors import KeyTakenError, TakenError
from serving.audit.group import Committed, Key, Ticket
from serving.audit.merkle import Frontier
from serving.audit.months import make_months
from serving.audit.queries import requests
from serving.audit.rows import head_query, insert, move_head
from serving.audit.tables import ENTRIES, NODES, PAYLOADS, REQUESTS

entry_columns = attrgetter(*(column.name for column in ENTRIES.columns if column.name != "hash"))


class Signer(Protocol):
    """Signs a state of the log."""

    def note(self, origin: str, size: int, root: bytes) -> str:
        """The signed checkpoint, as C2SP tlog-checkpoint text."""


@dataclass(frozen=True)
class Head:
    """The end of the log."""

    origin: str
    frontier: Frontier
    hash: str

    @classmethod
    def of(cls, row: Any) -> Head:
        """The head as its row says it."""
        return cls(row.origin, Frontier.read(row.size, row.frontier), row.hash)


def head(connection: sa.Connection, *, lock: bool = False) -> Head:
    """The end of the log; locked, until the transaction ends, for whoever writes next."""
    return Head.of(connection.exec_driver_sql(head_query(connection.dialect.name, lock)).one())


class AlsoError(Exception):
    """What a caller wanted done with its entries failed, so nothing of the group was written."""

    def __init__(self, ticket: Ticket, error: Exception) -> None:
        super().__init__(str(error))
        self.ticket = ticket
        self.error = error


def write(
    connection: sa.Connection, tickets: Sequence[Ticket], tenant: str, signer: Signer | None
) -> list[tuple[Ticket, Committed]]:
    """Write what can be written; what is refused gets its error at once.

    The rest is settled only when the transaction is through: the caller does that.

    Raises:
        AlsoError: one ticket's `also` failed.
    """
    end = head(connection, lock=True)
    recognise(connection, tickets)
    asking = [ticket for ticket in tickets if not ticket.done]
    free = _Free.read(connection, asking)
    taken_in = [ticket for ticket in asking if free.takes(ticket)]
    made: list[list[Entry]] = []
    sequence, previous = end.frontier.size, end.hash
    for ticket in taken_in:
        entries = list(_in_place(ticket, sequence, previous, tenant))
        made.append(entries)
        sequence, previous = sequence + len(entries), entries[-1].hash
    every = [entry for entries in made for entry in entries]
    if not every:
        return []
    frontier, nodes = end.frontier.extended(bytes.fromhex(entry.hash) for entry in every)
    note = "" if signer is None else signer.note(end.origin, frontier.size, frontier.root())
    keys = [_request(t.key, e, note) for t, e in zip(taken_in, made, strict=True) if t.key]
    make_months(connection, {entry.envelope.month for entry in every})
    insert(connection, ENTRIES, [_envelope(entry) for entry in every])
    insert(connection, PAYLOADS, [_payload(entry) for entry in every])
    insert(connection, NODES, [(node.level, node.index, node.hash.hex()) for node in nodes])
    insert(connection, REQUESTS, keys)
    move_head(connection, frontier.size, previous, frontier.text())
    for ticket in taken_in:
        _also(connection, ticket)
    return [(t, Committed(e, note)) for t, e in zip(taken_in, made, strict=True)]


def recognise(connection: sa.Connection, tickets: Sequence[Ticket]) -> None:
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


def _also(connection: sa.Connection, ticket: Ticket) -> None:
    if ticket.also is None:
        return
    try:
        ticket.also(connection)
    except Exception as error:
        if getattr(error, "connection_invalidated", False):
            raise  # the database went away, which is nothing of the caller's own
        raise AlsoError(ticket, error) from error


@dataclass
class _Free:
    """Which keys are on record, and which ids and keys an earlier ticket of the group takes.

    Ids on record are refused by the database: nearly all are new, see `Transaction`.
    """

    ids: set[str] = field(default_factory=set)
    keys: dict[tuple[str, str], sa.RowMapping | None] = field(default_factory=dict)

    @classmethod
    def read(cls, connection: sa.Connection, tickets: Sequence[Ticket]) -> _Free:
        asked = [ticket.key for ticket in tickets if ticket.key]
        if not asked:
            return cls()
        query = requests({key.caller for key in asked}, {key.key for key in asked})
        rows = connection.execute(query).mappings().all()
        return cls(keys={(row["caller"], row["key"]): row for row in rows})

    def takes(self, ticket: Ticket) -> bool:
        """Whether the ticket may be written; if not, it gets the reason."""
        ids = [draft.id for draft in ticket.drafts]
        double = next((one for i, one in enumerate(ids) if one in self.ids or one in ids[:i]), None)
        key = (ticket.key.caller, ticket.key.key) if ticket.key else None
        if key in self.keys:
            row = self.keys[key]
            assert ticket.key is not None
            ticket.error = KeyTakenError(asdict(ticket.key) if row is None else dict(row))
        elif double is not None:
            ticket.error = TakenError(double)
        else:
            self.ids.update(ids)
            if key:
                self.keys[key] = None
        return ticket.error is None


def _in_place(ticket: Ticket, sequence: int, previous: str, tenant: str) -> Iterator[Entry]:
    for draft, body in zip(ticket.drafts, ticket.bodies, strict=True):
        sequence += 1
        entry = placed(draft, body, sequence, previous, tenant)
        previous = entry.hash
        yield entry


def _request(key: Key, entries: Sequence[Entry], note: str) -> tuple[Any, ...]:
    first = entries[0]
    return (*astuple(key), first.sequence, len(entries), note, first.recorded_at)


def _envelope(entry: Entry) -> tuple[Any, ...]:
    return (*entry_columns(entry.envelope), entry.hash)


def _payload(entry: Entry) -> tuple[Any, ...]:
    return (entry.sequence, entry.envelope.month, entry.salt, entry.body)
