"""Transactional outbox over the audit log: delivery cursor and dead letters per subscription.

An event and the fact it reports are one audit entry, so they are committed in one transaction and
in order. Only a cursor and the events that could not be delivered are stored besides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from serving.audit.log import queries
from serving.audit.log.database import writer_lock
from serving.audit.log.entry import Entry
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.errors import AuditUnavailableError, describe_error
from serving.audit.log.store import AuditStore
from serving.audit.log.tables import DEAD_LETTERS, DELIVERIES, ENTRIES

WEBHOOK_SUBSCRIPTION = "webhook"
"""The only subscription: the webhook that the settings name."""


@dataclass(frozen=True)
class Cursor:
    """Position of a subscription in the log.

    Attributes:
        sequence: of the last entry that was delivered or given up.
        attempts: failed tries of the next event.
        next_at: when the next event is tried again, ISO 8601; "" for at once.
        last_error: of the next event; "" if it was not tried.
        stopped: why nothing is sent any more; "" while events are sent.
    """

    sequence: int
    attempts: int = 0
    next_at: str = ""
    last_error: str = ""
    stopped: str = ""


@dataclass(frozen=True)
class DeadLetter:
    """An event that could not be delivered.

    Attributes:
        sequence: of its entry.
        id: of the event.
        type: of the event.
        attempts: tries so far.
        error: of the last try.
        at: when it was given up, ISO 8601.
        resend: whether an operator wants it sent again.
    """

    sequence: int
    id: str
    type: str
    attempts: int
    error: str
    at: str
    resend: bool = False


CURSOR_COLUMNS = [DELIVERIES.c[name] for name in Cursor.__dataclass_fields__]
DEAD_LETTER_COLUMNS = [DEAD_LETTERS.c[name] for name in DeadLetter.__dataclass_fields__]


class CursorMovedError(RuntimeError):
    """Another process moved the cursor; nothing was changed."""


@dataclass(frozen=True)
class Outbox:
    """Entries that a subscription has yet to receive.

    Every method raises AuditUnavailableError if the log cannot be read or written.
    """

    store: AuditStore
    subscription: str = WEBHOOK_SUBSCRIPTION

    def cursor(self) -> Cursor | None:
        """Return the cursor; None if the subscription never began."""
        mine = DELIVERIES.c.subscription == self.subscription
        with self.store.reading() as connection:
            row = connection.execute(sa.select(*CURSOR_COLUMNS).where(mine)).one_or_none()
        return None if row is None else Cursor(*row)

    def begin(self) -> Cursor:
        """Return the cursor; start it at the end of the log if there is none."""
        if (cursor := self.cursor()) is not None:
            return cursor
        size = self.store.head().frontier.size
        with self._writing() as connection:
            mine = DELIVERIES.c.subscription == self.subscription
            row = connection.execute(sa.select(*CURSOR_COLUMNS).where(mine)).one_or_none()
            if row is None:
                values = _cursor_values(Cursor(size)) | {"subscription": self.subscription}
                connection.execute(sa.insert(DELIVERIES).values(values))
        return self.cursor() or Cursor(size)

    def next(self, after: int, kinds: Collection[EntryKind], most: int) -> list[Entry]:
        """Return at most `most` entries of those kinds after a sequence, in order."""
        later = queries.entries_of_kinds(kinds).where(ENTRIES.c.sequence > after).limit(most)
        return self.store.select(later)

    def move(self, before: Cursor, now: Cursor, dead: DeadLetter | None = None) -> None:
        """Move the cursor and store a dead letter, in one transaction.

        Raises:
            CursorMovedError: the stored cursor is not `before`.
        """
        mine = DELIVERIES.c.subscription == self.subscription
        there = sa.and_(
            mine, *(column == getattr(before, column.name) for column in CURSOR_COLUMNS)
        )
        with self._writing() as connection:
            moved = connection.execute(
                sa.update(DELIVERIES).where(there).values(_cursor_values(now))
            )
            if moved.rowcount != 1:
                raise CursorMovedError("another process moved the cursor of the events")
            if dead is not None:
                self._insert_dead_letter(connection, dead)

    def dead(self, *, resend: bool = False) -> list[DeadLetter]:
        """Return the dead letters in order. resend: only those that are to be sent again."""
        mine = DEAD_LETTERS.c.subscription == self.subscription
        query = sa.select(*DEAD_LETTER_COLUMNS).where(mine).order_by(DEAD_LETTERS.c.sequence)
        if resend:
            query = query.where(DEAD_LETTERS.c.resend)
        with self.store.reading() as connection:
            return [DeadLetter(*row) for row in connection.execute(query)]

    def resend(self, identifier: str = "") -> int:
        """Mark one dead letter, or all, to be sent again; return how many were marked."""
        return self._update_dead_letters({"resend": True}, identifier)

    def settle(self, letter: DeadLetter, error: str = "") -> None:
        """Delete a dead letter that was delivered, or store the error if it failed again."""
        mine = sa.and_(
            DEAD_LETTERS.c.subscription == self.subscription,
            DEAD_LETTERS.c.sequence == letter.sequence,
        )
        again = {"resend": False, "error": error, "attempts": letter.attempts + 1}
        with self._writing() as connection:
            if error:
                connection.execute(sa.update(DEAD_LETTERS).where(mine).values(again))
            else:
                connection.execute(sa.delete(DEAD_LETTERS).where(mine))

    def _update_dead_letters(self, values: dict[str, Any], identifier: str) -> int:
        mine = DEAD_LETTERS.c.subscription == self.subscription
        chosen = sa.and_(mine, DEAD_LETTERS.c.id == identifier) if identifier else mine
        with self._writing() as connection:
            updated = connection.execute(sa.update(DEAD_LETTERS).where(chosen).values(values))
            return updated.rowcount

    def _insert_dead_letter(self, connection: sa.Connection, dead: DeadLetter) -> None:
        row = {column.name: getattr(dead, column.name) for column in DEAD_LETTER_COLUMNS}
        connection.execute(
            sa.insert(DEAD_LETTERS).values(row | {"subscription": self.subscription})
        )

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        engine = self.store.engine
        try:
            with writer_lock(engine), engine.begin() as connection:
                yield connection
        except (OSError, sa.exc.SQLAlchemyError) as error:
            why = f"how far events are cannot be written: {describe_error(error)}"
            raise AuditUnavailableError(why) from error


def _cursor_values(cursor: Cursor) -> dict[str, Any]:
    return {column.name: getattr(cursor, column.name) for column in CURSOR_COLUMNS}
