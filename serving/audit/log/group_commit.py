"""Group commit: callers that arrive while one is writing are written together with one fsync.

No thread of its own: one of the callers leads, writes for all who wait, wakes them and hands
the lead on to the first who came meanwhile. Nobody else takes a turn at anything.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from serving.audit.log.entry import Draft, Entry
from serving.audit.log.errors import AuditUnavailableError


@dataclass(frozen=True)
class IdempotencyKey:
    """An idempotency key, and what it was used for. body_digest: sha256, hexadecimal."""

    caller: str
    key: str
    operation: str
    body_digest: str


@dataclass(frozen=True)
class CommitResult:
    """What a caller wrote: its entries, and the signed checkpoint that covers them.

    checkpoint: C2SP tlog-checkpoint text; empty where nobody signs.
    """

    entries: list[Entry]
    checkpoint: str


GATHER_FACTOR = 1.0
"""At most how long others are waited for, in times of what the last commit took."""
TransactionHook = Callable[[sa.Connection], None]


@dataclass(eq=False)
class PendingCommit:
    """One caller's entries, waiting to be written.

    also: done in the same transaction, once the entries are in; if it fails, nothing is written.
    tried: what a transaction would have written of which nobody knows yet whether it went through.
    leads: whether this caller writes for those who wait.
    """

    drafts: Sequence[Draft]
    bodies: Sequence[str]
    key: IdempotencyKey | None = None
    also: TransactionHook | None = None
    tried: CommitResult | None = None
    committed: CommitResult | None = None
    error: BaseException | None = None
    leads: bool = False
    asleep: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.asleep.acquire()

    def wait(self) -> None:
        """Sleep until somebody wakes it: a bare lock costs a tenth of an event."""
        self.asleep.acquire()

    def wake(self) -> None:
        """Let whoever waits go on; only the leader does that, so none wakes it twice at once."""
        if self.asleep.locked():
            self.asleep.release()

    @property
    def done(self) -> bool:
        """Whether it was written or refused."""
        return self.committed is not None or self.error is not None

    def result(self) -> CommitResult:
        """What was written.

        Raises:
            whatever kept it from being written.
        """
        if self.error is not None:
            raise self.error
        assert self.committed is not None
        return self.committed


WriteGroup = Callable[[Sequence[PendingCommit]], None]


@dataclass
class GroupCommit:
    """Tickets that wait. write: settles each of those it is given, or raises and settles none.

    most: entries in one transaction, unless a single caller brings more.
    """

    write: WriteGroup
    most: int = 4096
    waiting: deque[PendingCommit] = field(default_factory=deque)
    lock: threading.Lock = field(default_factory=threading.Lock)
    led: bool = False
    expected: int = 1
    took: float = 0.0
    gathered: threading.Event = field(default_factory=threading.Event)

    def commit(self, ticket: PendingCommit) -> CommitResult:
        """Have it written, alone or with others, and wait until it is."""
        try:
            with self.lock:
                self.waiting.append(ticket)
                ticket.leads, self.led = not self.led, True
                if len(self.waiting) == self.expected:
                    self.gathered.set()
            if not ticket.leads:
                ticket.wait()
            if ticket.leads:
                self._gather()
                self._write_some()
        finally:
            self._leave(ticket)
        return ticket.result()

    def _gather(self) -> None:
        """Wait for as many as were written last: they were answered just now and come again.

        Where they do not, that cost as much as one commit, once: so many are not expected again.
        """
        with self.lock:
            self.gathered.clear()
            enough = len(self.waiting) >= self.expected
        if not enough:
            self.gathered.wait(self.took * GATHER_FACTOR)

    def _write_some(self) -> None:
        tickets = self._next()
        began = time.monotonic()
        try:
            self.write(tickets)
        except Exception as error:  # noqa: BLE001 - every caller gets it, see Ticket.result
            for ticket in tickets:
                ticket.error = ticket.error or error
        finally:
            self.expected, self.took = len(tickets), time.monotonic() - began
            # Whoever is not settled now was led by a thread that is being stopped: try again.
            with self.lock:
                self.waiting.extendleft(t for t in reversed(tickets) if not t.done)
            for ticket in tickets:
                if ticket.done:
                    ticket.wake()

    def _next(self) -> list[PendingCommit]:
        """Who is written next: the leader came first, so it is among them."""
        with self.lock:
            tickets = [self.waiting.popleft()]
            entries = len(tickets[0].drafts)
            while self.waiting and entries + len(self.waiting[0].drafts) <= self.most:
                tickets.append(self.waiting.popleft())
                entries += len(tickets[-1].drafts)
            return tickets

    def _leave(self, ticket: PendingCommit) -> None:
        """Hand the lead on. A caller that is being stopped takes back what nobody wrote yet."""
        with self.lock:
            if not ticket.done:
                ticket.error = AuditUnavailableError("its caller was stopped")
                if ticket in self.waiting:
                    self.waiting.remove(ticket)
            if ticket.leads:
                ticket.leads, self.led = False, bool(self.waiting)
                if self.waiting:
                    self.waiting[0].leads = True
                    self.waiting[0].wake()
