"""Writing to the record: one transaction for a group of callers, each written or refused."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import sqlalchemy as sa

from serving.audit.entry import Entry, placed
from serving.audit.errors import KeyTakenError, TakenError
from serving.audit.group import Committed, Key, Ticket
from serving.audit.merkle import Frontier
from serving.audit.months import make_months
from serving.audit.tables import ENTRIES, HEAD, NODES, PAYLOADS, REQUESTS

MOST_IN_A_QUERY = 500


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
    query = sa.select(HEAD)
    return Head.of(connection.execute(query.with_for_update() if lock else query).one())


def write(
    connection: sa.Connection, tickets: Sequence[Ticket], tenant: str, signer: Signer | None
) -> list[tuple[Ticket, Committed]]:
    """Write what can be written; what is refused gets its error at once.

    A ticket is settled only when the transaction is through: the caller does that.
    """
    end = head(connection, lock=True)
    free = _Free.read(connection, tickets)
    taken_in = [ticket for ticket in tickets if free.takes(ticket)]
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
    _insert(connection, every, [node._asdict() | {"hash": node.hash.hex()} for node in nodes], keys)
    now = {"size": frontier.size, "hash": previous, "frontier": frontier.text()}
    connection.execute(sa.update(HEAD).values(now))
    for ticket in taken_in:
        if ticket.also is not None:
            ticket.also(connection)
    return [(t, Committed(e, note)) for t, e in zip(taken_in, made, strict=True)]


@dataclass
class _Free:
    """Which ids and keys are on record, or taken by an earlier ticket of the group."""

    ids: set[str]
    keys: dict[tuple[str, str], Mapping[str, Any] | None] = field(default_factory=dict)

    @classmethod
    def read(cls, connection: sa.Connection, tickets: Sequence[Ticket]) -> _Free:
        wanted = [draft.id for ticket in tickets for draft in ticket.drafts]
        ids = {
            name
            for some in _chunks(wanted)
            for name in connection.scalars(sa.select(ENTRIES.c.id).where(ENTRIES.c.id.in_(some)))
        }
        asked = {ticket.key.key for ticket in tickets if ticket.key}
        query = sa.select(REQUESTS).where(REQUESTS.c.key.in_(asked))
        rows = connection.execute(query).mappings().all() if asked else []
        return cls(ids, {(row["caller"], row["key"]): row for row in rows})

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


def _request(key: Key, entries: Sequence[Entry], note: str) -> dict[str, Any]:
    return asdict(key) | {
        "first": entries[0].sequence,
        "count": len(entries),
        "checkpoint": note,
        "recorded_at": entries[0].recorded_at,
    }


def _insert(
    connection: sa.Connection,
    entries: Sequence[Entry],
    nodes: Sequence[Mapping[str, Any]],
    keys: Sequence[Mapping[str, Any]],
) -> None:
    make_months(connection, {entry.envelope.month for entry in entries})
    envelopes = [vars(entry.envelope) | {"hash": entry.hash} for entry in entries]
    payloads = [
        {
            "month": entry.envelope.month,
            "sequence": entry.sequence,
            "salt": entry.salt,
            "body": entry.body,
        }
        for entry in entries
    ]
    for table, rows in (
        (ENTRIES, envelopes),
        (PAYLOADS, payloads),
        (NODES, nodes),
        (REQUESTS, keys),
    ):
        if rows:
            connection.execute(sa.insert(table), list(rows))


def _chunks(values: Collection[str]) -> Iterator[list[str]]:
    every = list(values)
    for start in range(0, len(every), MOST_IN_A_QUERY):
        yield every[start : start + MOST_IN_A_QUERY]
