"""SQL queries on the audit log."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from serving.audit.log.entry import ENVELOPE_FIELDS, Entry, Envelope
from serving.audit.log.entry_kind import ANSWER_KINDS, EntryKind
from serving.audit.log.tables import ABOUT_ANOTHER, ENTRIES, PAYLOADS, REQUESTS

Query = sa.Select[Any]
ENTRIES_WITH_PAYLOAD = ENTRIES.outerjoin(PAYLOADS, PAYLOADS.c.sequence == ENTRIES.c.sequence)


def entry_from_row(row: Any) -> Entry:
    """The entry that a row of `entries()` holds."""
    envelope = Envelope(**{name: row[name] for name in ENVELOPE_FIELDS})
    return Entry(envelope, row["hash"], row["salt"], row["body"])


def entries() -> Query:
    """Every entry with what it holds, if that was not erased."""
    return sa.select(ENTRIES, PAYLOADS.c.salt, PAYLOADS.c.body).select_from(ENTRIES_WITH_PAYLOAD)


def entry_by_id(identifier: str) -> Query:
    """The entry of that id."""
    return entries().where(ENTRIES.c.id == identifier)


def entries_of_kinds(kinds: Collection[EntryKind]) -> Query:
    """Entries of those kinds, in order."""
    return entries().where(ENTRIES.c.kind.in_(map(str, kinds))).order_by(ENTRIES.c.sequence)


def is_answer() -> sa.ColumnElement[bool]:
    """Return the condition that an entry holds an answer; see `Entry.answers`."""
    return ENTRIES.c.kind.in_([str(kind) for kind in ANSWER_KINDS])


def latest_sequence(kinds: Collection[EntryKind]) -> Query:
    """Sequence of the latest entry of those kinds."""
    return sa.select(sa.func.max(ENTRIES.c.sequence)).where(ENTRIES.c.kind.in_(map(str, kinds)))


def entries_between(first: int, last: int) -> Query:
    """Entries from sequence `first` to `last`, both included, in order."""
    return entries().where(ENTRIES.c.sequence.between(first, last)).order_by(ENTRIES.c.sequence)


def entries_from(first: int, most: int) -> Query:
    """Up to so many entries from sequence `first` on, in order; all kinds."""
    return entries().where(ENTRIES.c.sequence >= first).order_by(ENTRIES.c.sequence).limit(most)


def answers_by_id_prefix(start: str) -> Query:
    """Up to two answers whose id starts so."""
    named_so = ENTRIES.c.id.startswith(start, autoescape=True)
    return entries_of_kinds(ANSWER_KINDS).where(named_so).limit(2)


def entries_about(identifier: str, kind: EntryKind) -> Query:
    """Entries of that kind about another entry, in order."""
    return entries_of_kinds([kind]).where(ENTRIES.c.about == identifier, ABOUT_ANOTHER)


def is_open_answer() -> sa.ColumnElement[bool]:
    """Entries that are the latest answer of their case, and that nobody has decided."""
    later, decided = ENTRIES.alias("later"), ENTRIES.alias("decided")
    newer = sa.exists().where(
        later.c.kind.in_([str(kind) for kind in ANSWER_KINDS]),
        later.c.task == ENTRIES.c.task,
        later.c.reference == ENTRIES.c.reference,
        later.c.sequence > ENTRIES.c.sequence,
    )
    answered = sa.exists().where(
        decided.c.about == ENTRIES.c.id,
        decided.c.about != decided.c.id,
        decided.c.kind == EntryKind.DECISION,
    )
    return ~newer & ~answered


def undecided_answers(
    task: str, site: str, limit: int, *, picked: bool, within: Collection[str] | None = None
) -> Query:
    """Latest answer of each case without a decision, by priority; see `AuditStore.undecided`."""
    there = sa.exists().where(PAYLOADS.c.sequence == ENTRIES.c.sequence)
    # Which ones first, what they hold afterwards: sorting must not carry every payload along.
    query = sa.select(ENTRIES.c.sequence).where(is_answer(), is_open_answer(), there)
    if task:
        query = query.where(ENTRIES.c.task == task)
    if site:
        query = query.where(ENTRIES.c.site == site)
    if within is not None:
        query = query.where(ENTRIES.c.site.in_(within))
    if picked:
        query = query.where(ENTRIES.c.picked)
    order = (ENTRIES.c.priority.desc(), ENTRIES.c.sequence)
    found = query.order_by(*order).limit(limit).subquery()
    return entries().where(ENTRIES.c.sequence.in_(sa.select(found.c.sequence))).order_by(*order)


def sites_with_answers() -> Query:
    """Sites that have answers."""
    return sa.select(ENTRIES.c.site).where(is_answer()).distinct().order_by(ENTRIES.c.site)


def idempotency_record(caller: str, key: str) -> Query:
    """What the idempotency key of a caller was used for."""
    return sa.select(REQUESTS).where(REQUESTS.c.caller == caller, REQUESTS.c.key == key)


def idempotency_records(callers: Collection[str], keys: Collection[str]) -> Query:
    """What any of those keys was used for by any of those callers."""
    return sa.select(REQUESTS).where(REQUESTS.c.caller.in_(callers), REQUESTS.c.key.in_(keys))


def latest_checkpoint_entry() -> Query:
    """The latest entry of a checkpoint; task and reference are those it has, for the index."""
    kind = ENTRIES.c.kind == str(EntryKind.CHECKPOINT)
    query = entries().where(kind, ENTRIES.c.task == "", ENTRIES.c.reference == "")
    return query.order_by(ENTRIES.c.sequence.desc()).limit(1)
