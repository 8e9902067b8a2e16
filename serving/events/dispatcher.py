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
"""Entries without an event after which the cursor moves past them."""


@dataclass(frozen=True)
class Dispatcher:
    """Sends new events to a receiver.

    The caller holds the lock of `serving.audit.log.process_lock`, so one process sends at a time.

    Attributes:
        outbox: entries to send, cursor and dead letters.
        receiver: of the events.
        types: event types that are sent.
        source: the CloudEvents `source`.
        address: scheme and host of the service, for the addresses of reports.
        attempts: tries after which an event becomes a dead letter and the next one is sent.
        clock: returns the time, UTC.
        chance: returns a random number from 0 to 1, the jitter of retry delays.
        stopping: returns whether to stop; called between two events.
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
        """Send the events that are due; return whether more may be due at once.

        Raises:
            AuditUnavailableError: the log cannot be read, or the cursor cannot be moved.
            CursorMovedError: another process moved the cursor; the next round reads it again.
        """
        cursor = self.outbox.begin()
        if cursor.stopped:
            return False
        self._resend_dead_letters()
        if cursor.next_at and self.clock() < datetime.fromisoformat(cursor.next_at):
            return False
        size = self.outbox.store.head().frontier.size
        entries = self.outbox.next(cursor.sequence, entry_kinds_of(self.types), BATCH_SIZE)
        if not entries:
            self._skip_idle_entries(cursor, size)
            return False
        return self._send_all(cursor, entries)

    def _send_all(self, cursor: Cursor, entries: list[Entry]) -> bool:
        done = cursor
        for entry in entries:
            if self.stopping():
                break
            outcome = self.send(entry)
            if outcome.status is not DeliveryStatus.DELIVERED:
                after, dead = self._cursor_after_failure(done, entry, outcome)
                self.outbox.move(cursor, after, dead)
                return dead is not None
            done = Cursor(entry.sequence)
        if done != cursor:
            self.outbox.move(cursor, done)
        return len(entries) == BATCH_SIZE

    def send(self, entry: Entry) -> DeliveryResult:
        """Send the event of an entry once."""
        body = serialize_event(to_cloud_event(entry, self.source, self.address))
        return self.receiver.send(entry.id, body, self.clock())

    def _cursor_after_failure(
        self, done: Cursor, entry: Entry, outcome: DeliveryResult
    ) -> tuple[Cursor, DeadLetter | None]:
        """Return the cursor after a failed delivery, and the dead letter if tries are used up."""
        tried = done.attempts + 1
        if outcome.status is DeliveryStatus.GONE:
            why = f"the receiver wants no more events ({outcome.why})"
            return replace(done, stopped=why, last_error=outcome.why), None
        if tried >= self.attempts:
            return Cursor(entry.sequence), self._dead_letter(entry, tried, outcome.why)
        wait = timedelta(seconds=retry_delay(tried, self.chance(), outcome.retry_after_seconds))
        at = (self.clock() + wait).isoformat()
        return replace(done, attempts=tried, next_at=at, last_error=outcome.why), None

    def _dead_letter(self, entry: Entry, tried: int, why: str) -> DeadLetter:
        at = self.clock().isoformat()
        return DeadLetter(
            entry.sequence, entry.id, str(EVENT_TYPE_OF_KIND[entry.kind]), tried, why, at
        )

    def _resend_dead_letters(self) -> None:
        """Send each dead letter that an operator wants resent, once."""
        for letter in self.outbox.dead(resend=True):
            if self.stopping():
                return
            (entry,) = self.outbox.store.between(letter.sequence, letter.sequence)
            outcome = self.send(entry)
            self.outbox.settle(letter, outcome.why)

    def _skip_idle_entries(self, cursor: Cursor, size: int) -> None:
        """Move the cursor past many entries without an event, so that no round reads them again."""
        if size - cursor.sequence >= IDLE_ENTRIES:
            self.outbox.move(cursor, Cursor(size))


def skip_event(outbox: Outbox, cursor: Cursor, entry: Entry, at: str) -> None:
    """Make a dead letter of the event that holds up the others, without further tries.

    Raises:
        CursorMovedError: the event was delivered or given up meanwhile.
    """
    why = cursor.last_error or "skipped"
    letter = DeadLetter(
        entry.sequence, entry.id, str(EVENT_TYPE_OF_KIND[entry.kind]), cursor.attempts, why, at
    )
    outbox.move(cursor, Cursor(entry.sequence), letter)
