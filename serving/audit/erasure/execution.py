"""Plan and carry out an erasure: delete payloads and record the tombstone entry.

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

from serving.audit.erasure.payload_deletion import (
    PayloadsChangedError,
    delete_payloads,
    purge_from_disk,
)
from serving.audit.log import queries
from serving.audit.log.entry import Draft, Entry, new_draft
from serving.audit.log.entry_kind import PERMANENT_KINDS, EntryKind
from serving.audit.log.sequence_ranges import RangeList, ranges_of_sequences
from serving.audit.log.store import AuditStore
from serving.audit.log.tables import ENTRIES, PAYLOADS


class ErasureGround(StrEnum):
    """Ground on which payloads are erased."""

    REQUEST = "request"
    PERSON = "person"
    RETENTION = "retention"


class NotErasableError(ValueError):
    """The entry is of a kind that is kept as long as the log."""


@dataclass(frozen=True)
class ErasurePlan:
    """Effect of an erasure that was not carried out yet.

    Attributes:
        left: sequences that still have a payload, in order.
        kinds: number of entries to erase by kind.
        gone: number of entries erased before.
        oldest: time of the first entry to erase; "" if there is none.
        youngest: time of the last entry to erase; "" if there is none.
    """

    left: tuple[int, ...]
    kinds: Mapping[str, int]
    gone: int
    oldest: str
    youngest: str

    @property
    def ranges(self) -> RangeList:
        """The sequences as ranges."""
        return ranges_of_sequences(self.left)


def plan_erasure(store: AuditStore, sequences: Iterable[int]) -> ErasurePlan:
    """Return what erasing these entries would do, without doing it.

    Raises:
        LookupError: a sequence is not on record.
        NotErasableError: an entry is of a kind that is never erased.
        AuditUnavailableError: the record cannot be read.
    """
    wanted = ranges_of_sequences(sequences)
    with store.reading() as connection:
        rows = [row for span in wanted for row in _erasable_rows(connection, *span)]
    _require_on_record(wanted, [row.sequence for row in rows])
    for row in rows:
        if row.kind in PERMANENT_KINDS:
            raise NotErasableError(
                f"entry {row.sequence} is a {row.kind} and is kept: it holds no case, and "
                "replay and verification need it. Never erased: "
                f"{', '.join(sorted(PERMANENT_KINDS))}"
            )
    left = [row for row in rows if row.held]
    at = [row.recorded_at for row in left]
    return ErasurePlan(
        left=tuple(row.sequence for row in left),
        kinds=dict(sorted(Counter(row.kind for row in left).items())),
        gone=len(rows) - len(left),
        oldest=min(at, default=""),
        youngest=max(at, default=""),
    )


def erase_payloads(
    store: AuditStore,
    ground: ErasureGround,
    sequences: Iterable[int],
    reason: str,
    by: str,
    context: Mapping[str, Any],
    *,
    now: datetime | None = None,
    months: Collection[str] = (),
) -> Entry:
    """Delete the payloads of these entries, and record that, in one transaction.

    Args:
        store: the log.
        ground: why they are erased.
        sequences: of the entries.
        reason: in words; it is kept for good and must name no person.
        by: pseudonym of who asked for it.
        context: of the command, as `serving.runtime.context` records it.
        now: time of the erasure; the present if None.
        months: months whose erasable entries are all among `sequences`.

    Returns:
        The erasure's entry; if nothing was left to erase, the one that named the entries before.

    Raises:
        LookupError, NotErasableError, AuditUnavailableError: see `plan_erasure`.
        ValueError: there is no sequence or no reason. Nothing was erased then.
    """
    wanted = sorted(set(sequences))
    if not wanted:
        raise ValueError("nothing is named that could be erased")
    if not reason.strip():
        raise ValueError("an erasure needs a reason, for the record")
    while True:
        plan = plan_erasure(store, wanted)
        if not plan.left:
            return find_erasure(store, wanted[-1])
        draft = _erasure_draft(ground, plan, reason, by, context, now or datetime.now(UTC))
        try:
            also = partial(delete_payloads, ranges=plan.ranges, count=len(plan.left), months=months)
            (entry,) = store.commit([draft], also=also).entries
        except PayloadsChangedError:  # another process erased some of them just now: plan anew
            continue
        purge_from_disk(store)
        return entry


def find_erasure(store: AuditStore, sequence: int) -> Entry:
    """Return the entry of the erasure that names a sequence.

    Raises:
        LookupError: no erasure names it.
    """
    for entry in reversed(store.of_kind(EntryKind.ERASURE)):
        if any(first <= sequence <= last for first, last in entry.payload["ranges"]):
            return entry
    raise LookupError(
        f"what entry {sequence} held is gone and no erasure names it: run `triage audit verify`"
    )


def resolve_sequence(store: AuditStore, identifier: str) -> int:
    """Return the sequence of an entry by its id, or by the start of an answer's id.

    Raises:
        LookupError: there is none, or there are several.
    """
    entry = store.read(identifier) or store.named(identifier)
    if entry is None:
        raise LookupError(f"there is no entry {identifier!r} on record")
    return entry.sequence


def sequences_naming_person(store: AuditStore, pseudonym: str) -> list[int]:
    """Return the sequences of decisions and report accesses that still name a person."""
    kinds = [str(EntryKind.DECISION), str(EntryKind.REPORT_READ)]
    # Canonical JSON has no spaces, and a quote within a text is escaped: no other field can
    # hold this.
    names_person = PAYLOADS.c.body.contains(f'"person":"{pseudonym}"', autoescape=True)
    query = sa.select(ENTRIES.c.sequence).select_from(queries.ENTRIES_WITH_PAYLOAD)
    return _select_sequences(store, query.where(ENTRIES.c.kind.in_(kinds), names_person))


def sequences_recorded_before(store: AuditStore, day: str) -> list[int]:
    """Return the sequences of erasable entries recorded before a day, `2026-03-01`, UTC."""
    query = sa.select(ENTRIES.c.sequence).select_from(queries.ENTRIES_WITH_PAYLOAD)
    erasable = ENTRIES.c.kind.not_in([str(kind) for kind in PERMANENT_KINDS])
    before = PAYLOADS.c.month <= day[:7], ENTRIES.c.recorded_at < day
    return _select_sequences(store, query.where(erasable, *before))


def _select_sequences(store: AuditStore, query: sa.Select[Any]) -> list[int]:
    with store.reading() as connection:
        return list(connection.scalars(query.order_by(ENTRIES.c.sequence)))


def _erasable_rows(connection: sa.Connection, first: int, last: int) -> Iterator[Any]:
    columns = ENTRIES.c
    held = PAYLOADS.c.sequence.is_not(None).label("held")
    query = sa.select(columns.sequence, columns.kind, columns.recorded_at, held)
    between = query.select_from(queries.ENTRIES_WITH_PAYLOAD).where(
        columns.sequence.between(first, last)
    )
    yield from connection.execute(between.order_by(columns.sequence))


def _require_on_record(wanted: RangeList, sequences: list[int]) -> None:
    on_record = set(sequences)
    for first, last in wanted:
        missing = next((s for s in range(first, last + 1) if s not in on_record), None)
        if missing is not None:
            raise LookupError(f"entry {missing} is not on record")


def _erasure_draft(
    ground: ErasureGround,
    plan: ErasurePlan,
    reason: str,
    by: str,
    context: Mapping[str, Any],
    now: datetime,
) -> Draft:
    fields = {
        "ground": ground.value,
        "reason": reason,
        "by": by,
        "ranges": [list(span) for span in plan.ranges],
        "count": len(plan.left),
    }
    return new_draft(EntryKind.ERASURE, fields, context, now.isoformat())
