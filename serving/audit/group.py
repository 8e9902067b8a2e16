"""Group commit: callers that come while one is writing are written together, with one fsync.

No thread of its own: whoever gets the turn writes for all who wait.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from serving.audit.entry import Draft, Entry


@dataclass(frozen=True)
class Key:
    """An idempotency key, and what it was used for. body_digest: sha256, hexadecimal."""

    caller: str
    key: str
    operation: str
    body_digest: str


@dataclass(frozen=True)
class Committed:
    """What a caller wrote: its entries, and the signed checkpoint that covers them.

    checkpoint: C2SP tlog-checkpoint text; empty where nobody signs.
    """

    entries: list[Entry]
    checkpoint: str


Also = Callable[[sa.Connection], None]


@dataclass
class Ticket:
    """One caller's entries, waiting to be written.

    also: done in the same transaction, once the entries are in; if it fails, nothing is written.
    """

    drafts: Sequence[Draft]
    bodies: Sequence[str]
    key: Key | None = None
    also: Also | None = None
    committed: Committed | None = None
    error: BaseException | None = None

    @property
    def done(self) -> bool:
        """Whether it was written or refused."""
        return self.committed is not None or self.error is not None

    def result(self) -> Committed:
        """What was written.

        Raises:
            whatever kept it from being written.
        """
        if self.error is not None:
            raise self.error
        assert self.committed is not None
        return self.committed


Write = Callable[[Sequence[Ticket]], Any]


@dataclass
class Group:
    """Tickets that wait. write: writes all of them in one transaction and settles each."""

    write: Write
    most: int = 4096
    waiting: list[Ticket] = field(default_factory=list)
    queue: threading.Lock = field(default_factory=threading.Lock)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def commit(self, ticket: Ticket) -> Committed:
        """Have it written, alone or with others, and wait until it is."""
        with self.queue:
            self.waiting.append(ticket)
        with self.turn:
            while not ticket.done:
                self._write_some()
        return ticket.result()

    def _write_some(self) -> None:
        with self.queue:
            tickets, entries = list[Ticket](), 0
            while self.waiting and (not tickets or entries < self.most):
                tickets.append(self.waiting.pop(0))
                entries += len(tickets[-1].drafts)
        try:
            self.write(tickets)
        except BaseException as error:
            for ticket in tickets:
                if not ticket.done:
                    ticket.error = error
            if not isinstance(error, Exception):
                raise
