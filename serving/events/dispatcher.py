"""Deliver the events of the outbox in order, at least once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from serving.audit.log.entry import Entry
from serving.events.cloud_event import serialize_event, to_cloud_event
from serving.events.event_type import EVENT_TYPE_OF_KIND, EventType, entry_kinds_of
from serving.events.outbox import Cursor, DeadLetter, Outbox
from serving.events.webhook import DeliveryResult, DeliveryStatus, EventReceiver, retry_delay

BATCH_SIZE = 50
"""Events between two moves of the cursor: so many may come twice after a crash."""
IDLE_ENTRIES = 1000
"""Entries that are nobody's business after which the cursor moves nevertheless."""


@dataclass(frozen=True)
class Dispatcher:
    """Sends what is new. Whoever calls it has the turn: see `serving.audit.log.process_lock`.

    attempts: tries before an event is a dead letter and the next one has its turn. chance: from
    0 to 1, for the pauses. stopping: asked between two events.
    """

    outbox: Outbox
    receiver: EventReceiver
    types: frozenset[EventType]
    source: str
    address: str
    attempts: int
    clock: Callable[[], datetime]
    chance: Callable[[], float]
    stopping: Callable[[], bool] = field(default=lambda: False)

    def round(self) -> bool:
        """Send what can be sent now; whether there may be more at once.

        Raises:
            AuditUnavailableError: the record cannot be read, or the cursor not be moved.
            CursorMovedError: somebody moved the cursor meanwhile; another round finds out where to.
        """
        cursor = self.outbox.begin()
        if cursor.stopped:
            return False
        self._again()
        if cursor.next_at and self.clock() < datetime.fromisoformat(cursor.next_at):
            return False
        size = self.outbox.store.head().frontier.size
        entries = self.outbox.next(cursor.sequence, entry_kinds_of(self.types), BATCH_SIZE)
        if not entries:
            self._pass(cursor, size)
            return False
        return self._send_all(cursor, entries)

    def _send_all(self, cursor: Cursor, entries: list[Entry]) -> bool:
        done = cursor
        for entry in entries:
            if self.stopping():
                break
            outcome = self.send(entry)
            if outcome.status is not DeliveryStatus.DELIVERED:
                after, dead = self._failed(done, entry, outcome)
                self.outbox.move(cursor, after, dead)
                return dead is not None
            done = Cursor(entry.sequence)
        if done != cursor:
            self.outbox.move(cursor, done)
        return len(entries) == BATCH_SIZE

    def send(self, entry: Entry) -> DeliveryResult:
        """One event, once."""
        body = serialize_event(to_cloud_event(entry, self.source, self.address))
        return self.receiver.send(entry.id, body, self.clock())

    def _failed(
        self, done: Cursor, entry: Entry, outcome: DeliveryResult
    ) -> tuple[Cursor, DeadLetter | None]:
        """Move the cursor by the outcome: retry, dead letter, or stop sending."""
        tried = done.attempts + 1
        if outcome.status is DeliveryStatus.GONE:
            why = f"the receiver wants no more events ({outcome.why})"
            return replace(done, stopped=why, last_error=outcome.why), None
        if tried >= self.attempts:
            return Cursor(entry.sequence), self._letter(entry, tried, outcome.why)
        wait = timedelta(seconds=retry_delay(tried, self.chance(), outcome.retry_after_seconds))
        at = (self.clock() + wait).isoformat()
        return replace(done, attempts=tried, next_at=at, last_error=outcome.why), None

    def _letter(self, entry: Entry, tried: int, why: str) -> DeadLetter:
        at = self.clock().isoformat()
        return DeadLetter(
            entry.sequence, entry.id, str(EVENT_TYPE_OF_KIND[entry.kind]), tried, why, at
        )

    def _again(self) -> None:
        """Dead letters that an operator wants tried again, each once."""
        for letter in self.outbox.dead(resend=True):
            if self.stopping():
                return
            (entry,) = self.outbox.store.between(letter.sequence, letter.sequence)
            outcome = self.send(entry)
            self.outbox.settle(letter, outcome.why)

    def _pass(self, cursor: Cursor, size: int) -> None:
        """Move over entries that are not told, so that they are not searched again and again."""
        if size - cursor.sequence >= IDLE_ENTRIES:
            self.outbox.move(cursor, Cursor(size))


def skip_event(outbox: Outbox, cursor: Cursor, entry: Entry, at: str) -> None:
    """Put the event that holds up the others with the dead letters, now.

    Raises:
        CursorMovedError: it was delivered, or given up, meanwhile.
    """
    why = cursor.last_error or "skipped"
    letter = DeadLetter(
        entry.sequence, entry.id, str(EVENT_TYPE_OF_KIND[entry.kind]), cursor.attempts, why, at
    )
    outbox.move(cursor, Cursor(entry.sequence), letter)
