"""Erasure: what an entry held is deleted, and a tombstone on record says so.

The envelope stays, and with it order, hashes and proofs. It names its payload by a salted
digest; the salt is deleted with the payload, so nothing is left to guess from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Any

import sqlalchemy as sa

from serving.audit import queries
from serving.audit.entry import Draft, Entry, EntryKind, drafted
from serving.audit.entry_group import KEPT
from serving.audit.payload_deletion import MovedError, delete, scrub
from serving.audit.ranges import Ranges, ranges_of
from serving.audit.store import AuditStore
from serving.audit.tables import ENTRIES, PAYLOADS


class Ground(StrEnum):
    """Why something is erased."""

    REQUEST = "request"
    PERSON = "person"
    RETENTION = "retention"


class NotErasableError(ValueError):
    """An entry that is kept as long as the record."""


@dataclass(frozen=True)
class Plan:
    """What an erasure would do. left: sequences that still hold something, in order.

    kinds: how many of each would be erased. gone: how many were erased before.
    oldest, youngest: when the first and the last of them were recorded; "" if there is none.
    """

    left: tuple[int, ...]
    kinds: Mapping[str, int]
    gone: int
    oldest: str
    youngest: str

    @property
    def ranges(self) -> Ranges:
        """The sequences as runs."""
        return ranges_of(self.left)


def plan(store: AuditStore, sequences: Iterable[int]) -> Plan:
    """What erasing those entries would do; nothing is done.

    Raises:
        LookupError: a sequence that is not on record.
        NotErasableError: an entry of a kind that is kept.
        AuditUnavailableError: the record cannot be read.
    """
    wanted = ranges_of(sequences)
    with store.reading() as connection:
        rows = [row for span in wanted for row in _rows(connection, *span)]
    _on_record(wanted, [row.sequence for row in rows])
    for row in rows:
        if row.kind in KEPT:
            raise NotErasableError(
                f"entry {row.sequence} is a {row.kind} and is kept: it holds no case, and "
                f"replay and verification need it. Never erased: {', '.join(sorted(KEPT))}"
            )
    left = [row for row in rows if row.held]
    at = [row.recorded_at for row in left]
    return Plan(
        left=tuple(row.sequence for row in left),
        kinds=dict(sorted(Counter(row.kind for row in left).items())),
        gone=len(rows) - len(left),
        oldest=min(at, default=""),
        youngest=max(at, default=""),
    )


def erase(
    store: AuditStore,
    ground: Ground,
    sequences: Iterable[int],
    reason: str,
    by: str,
    context: Mapping[str, Any],
    *,
    now: datetime | None = None,
    months: Collection[str] = (),
) -> Entry:
    """Delete what those entries held, in one transaction with the entry that says so.

    Done again, it finds nothing left and gives the entry that named them then.
    reason: kept for good, so without persons. by: a pseudonym. context: as
    `serving.context` records it. months: those of which everything erasable is in `sequences`.

    Raises:
        as `plan`; ValueError: no sequence, no reason; nothing was erased.
    """
    wanted = sorted(set(sequences))
    if not wanted:
        raise ValueError("nothing is named that could be erased")
    if not reason.strip():
        raise ValueError("an erasure needs a reason, for the record")
    while True:
        found = plan(store, wanted)
        if not found.left:
            return named_by(store, wanted[-1])
        draft = _draft(ground, found, reason, by, context, now or datetime.now(UTC))
        try:
            also = partial(delete, ranges=found.ranges, count=len(found.left), months=months)
            (entry,) = store.commit([draft], also=also).entries
        except MovedError:  # somebody else erased some of them just now: see what is left
            continue
        scrub(store)
        return entry


def named_by(store: AuditStore, sequence: int) -> Entry:
    """The erasure that named the sequence.

    Raises:
        LookupError: none does.
    """
    for entry in reversed(store.of_kind(EntryKind.ERASURE)):
        if any(first <= sequence <= last for first, last in entry.payload["ranges"]):
            return entry
    raise LookupError(
        f"what entry {sequence} held is gone and no erasure names it: run `triage audit verify`"
    )


def sequence_of(store: AuditStore, identifier: str) -> int:
    """The sequence of an entry by its id, or by the start of a recommendation's.

    Raises:
        LookupError: there is none, or there are several.
    """
    entry = store.read(identifier) or store.named(identifier)
    if entry is None:
        raise LookupError(f"there is no entry {identifier!r} on record")
    return entry.sequence


def of_person(store: AuditStore, pseudonym: str) -> list[int]:
    """Sequences of what still names that person: decisions, and accesses to reports."""
    kinds = [str(EntryKind.DECISION), str(EntryKind.REPORT_READ)]
    # Canonical JSON has no spaces, and a quote within a text is escaped: no other field can
    # hold this.
    told = PAYLOADS.c.body.contains(f'"person":"{pseudonym}"', autoescape=True)
    query = sa.select(ENTRIES.c.sequence).select_from(queries.WITH_PAYLOAD)
    return _sequences(store, query.where(ENTRIES.c.kind.in_(kinds), told))


def recorded_before(store: AuditStore, day: str) -> list[int]:
    """Sequences of what can be erased and was recorded before that day, `2026-03-01`, UTC."""
    query = sa.select(ENTRIES.c.sequence).select_from(queries.WITH_PAYLOAD)
    erasable = ENTRIES.c.kind.not_in([str(kind) for kind in KEPT])
    before = PAYLOADS.c.month <= day[:7], ENTRIES.c.recorded_at < day
    return _sequences(store, query.where(erasable, *before))


def _sequences(store: AuditStore, query: sa.Select[Any]) -> list[int]:
    with store.reading() as connection:
        return list(connection.scalars(query.order_by(ENTRIES.c.sequence)))


def _rows(connection: sa.Connection, first: int, last: int) -> Iterator[Any]:
    of = ENTRIES.c
    held = PAYLOADS.c.sequence.is_not(None).label("held")
    query = sa.select(of.sequence, of.kind, of.recorded_at, held)
    between = query.select_from(queries.WITH_PAYLOAD).where(of.sequence.between(first, last))
    yield from connection.execute(between.order_by(of.sequence))


def _on_record(wanted: Ranges, found: list[int]) -> None:
    there = set(found)
    for first, last in wanted:
        lacking = next((s for s in range(first, last + 1) if s not in there), None)
        if lacking is not None:
            raise LookupError(f"entry {lacking} is not on record")


def _draft(
    ground: Ground, found: Plan, reason: str, by: str, context: Mapping[str, Any], now: datetime
) -> Draft:
    said = {
        "ground": ground.value,
        "reason": reason,
        "by": by,
        "ranges": [list(span) for span in found.ranges],
        "count": len(found.left),
    }
    return drafted(EntryKind.ERASURE, said, context, now.isoformat())
