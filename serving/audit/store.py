"""The audit store: append-only, in order, on the disk before anything is answered."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from serving.audit.canonical import canonical
from serving.audit.entry import GENESIS, Draft, Entry, EntryKind, link
from serving.audit.tables import ENTRIES, create, engine_of

FIELDS = (
    ENTRIES.c.sequence,
    ENTRIES.c.id,
    ENTRIES.c.kind,
    ENTRIES.c.recorded_at,
    ENTRIES.c.body,
    ENTRIES.c.previous,
    ENTRIES.c.hash,
)


# Bodies are canonical JSON, and a quote inside a text is escaped: nothing else reads so.
PICKED = '"audit_sample":true,'


class AuditUnavailableError(RuntimeError):
    """The record cannot be written or read, so nothing may be answered."""


@dataclass(frozen=True)
class AuditStore:
    """Entries in one SQLite file. Safe to use from several threads and processes."""

    engine: sa.Engine
    lock: threading.Lock

    @classmethod
    def open(cls, path: Path) -> Self:
        """The store in that file, made if it is not there.

        Raises:
            AuditUnavailableError: if the file cannot be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            engine = engine_of(path)
            create(engine)
        except (OSError, sa.exc.SQLAlchemyError) as error:
            why = getattr(error, "orig", None) or error
            raise AuditUnavailableError(f"audit {path} cannot be opened: {why}") from error
        return cls(engine, threading.Lock())

    def append(self, drafts: Sequence[Draft]) -> list[Entry]:
        """Record all of them or none, durably, in this order.

        Raises:
            AuditUnavailableError: nothing was recorded.
        """
        bodies = [canonical(draft.payload) for draft in drafts]
        try:
            with self.lock, self.engine.begin() as connection:
                rows = list(_placed(drafts, bodies, *_head(connection)))
                connection.execute(sa.insert(ENTRIES), rows)
        except sa.exc.SQLAlchemyError as error:
            raise AuditUnavailableError(f"nothing was recorded: {error.args[0]}") from error
        return [_entry(row) for row in rows]

    def read(self, identifier: str) -> Entry | None:
        """The entry with that id."""
        found = self._select(sa.select(*FIELDS).where(ENTRIES.c.id == identifier))
        return found[0] if found else None

    def named(self, start: str) -> Entry | None:
        """The only recommendation whose id starts so; None if there is none.

        Raises:
            LookupError: several do.
        """
        found = self._select(
            sa.select(*FIELDS)
            .where(
                ENTRIES.c.id.startswith(start, autoescape=True),
                ENTRIES.c.kind == EntryKind.RECOMMENDATION,
            )
            .limit(2)
        )
        if len(found) > 1:
            raise LookupError(f"several recommendations start with {start!r}; write more of the id")
        return found[0] if found else None

    def decisions(self, recommendation: str) -> list[Entry]:
        """What people decided about a recommendation, in order."""
        query = sa.select(*FIELDS).where(
            ENTRIES.c.about == recommendation, ENTRIES.c.kind == EntryKind.DECISION
        )
        return self._select(query.order_by(ENTRIES.c.sequence))

    def undecided(
        self, task: str = "", site: str = "", limit: int = 200, *, picked: bool = False
    ) -> list[Entry]:
        """Latest recommendation of each case without a decision, by priority.

        picked: only those of the audit sample, which a small priority would hide.
        """
        made = ENTRIES.alias("made")
        later, decided = ENTRIES.alias("later"), ENTRIES.alias("decided")
        newer = sa.exists().where(
            later.c.kind == EntryKind.RECOMMENDATION,
            later.c.task == made.c.task,
            later.c.reference == made.c.reference,
            later.c.sequence > made.c.sequence,
        )
        answered = sa.exists().where(
            decided.c.about == made.c.id, decided.c.kind == EntryKind.DECISION
        )
        query = sa.select(*(made.c[field.name] for field in FIELDS)).where(
            made.c.kind == EntryKind.RECOMMENDATION, ~newer, ~answered
        )
        if task:
            query = query.where(made.c.task == task)
        if site:
            query = query.where(made.c.site == site)
        if picked:
            query = query.where(made.c.body.contains(PICKED, autoescape=True))
        return self._select(query.order_by(made.c.priority.desc(), made.c.sequence).limit(limit))

    def sites(self) -> list[str]:
        """Sites that have recommendations."""
        made = ENTRIES.c.kind == EntryKind.RECOMMENDATION
        query = sa.select(ENTRIES.c.site).where(made).distinct().order_by(ENTRIES.c.site)
        try:
            with self._reading() as connection:
                return list(connection.scalars(query))
        except sa.exc.SQLAlchemyError as error:
            raise AuditUnavailableError(f"the audit cannot be read: {error.args[0]}") from error

    def of_kind(self, kind: EntryKind) -> list[Entry]:
        """Every entry of that kind, in order."""
        query = sa.select(*FIELDS).where(ENTRIES.c.kind == kind)
        return self._select(query.order_by(ENTRIES.c.sequence))

    def all(self) -> list[Entry]:
        """Every entry, in order."""
        return self._select(sa.select(*FIELDS).order_by(ENTRIES.c.sequence))

    def check(self) -> None:
        """Try that the store can be written now.

        Raises:
            AuditUnavailableError: it cannot.
        """
        try:
            with self.engine.begin() as connection:
                _head(connection)
        except sa.exc.SQLAlchemyError as error:
            raise AuditUnavailableError(f"the audit cannot be written: {error.args[0]}") from error

    def close(self) -> None:
        """Let go of the file."""
        self.engine.dispose()

    def _select(self, query: sa.Select[Any]) -> list[Entry]:
        try:
            with self._reading() as connection:
                return [_entry(row) for row in connection.execute(query).mappings()]
        except sa.exc.SQLAlchemyError as error:
            raise AuditUnavailableError(f"the audit cannot be read: {error.args[0]}") from error

    def _reading(self) -> sa.Connection:
        return self.engine.connect().execution_options(reading=True)


def _head(connection: sa.Connection) -> tuple[int, str]:
    """Sequence and hash of the last entry."""
    query = sa.select(ENTRIES.c.sequence, ENTRIES.c.hash)
    row = connection.execute(query.order_by(ENTRIES.c.sequence.desc()).limit(1)).one_or_none()
    return (0, GENESIS) if row is None else (row.sequence, row.hash)


def _placed(
    drafts: Sequence[Draft], bodies: Sequence[str], sequence: int, previous: str
) -> Iterator[dict[str, Any]]:
    for draft, body in zip(drafts, bodies, strict=True):
        sequence += 1
        digest = link(sequence, previous, body)
        yield {
            "sequence": sequence,
            "id": draft.id,
            "kind": str(draft.kind),
            "about": draft.about,
            "task": draft.task,
            "site": draft.site,
            "reference": draft.reference,
            "priority": draft.priority,
            "recorded_at": draft.recorded_at,
            "body": body,
            "previous": previous,
            "hash": digest,
        }
        previous = digest


def _entry(row: Any) -> Entry:
    return Entry(
        sequence=row["sequence"],
        id=row["id"],
        kind=EntryKind(row["kind"]),
        recorded_at=row["recorded_at"],
        body=row["body"],
        previous=row["previous"],
        hash=row["hash"],
    )
