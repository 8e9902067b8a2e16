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
    """Return the entry that a row of the query `entries` holds."""
    envelope = Envelope(**{name: row[name] for name in ENVELOPE_FIELDS})
    return Entry(envelope, row["hash"], row["salt"], row["body"])


def entries() -> Query:
    """Select every entry, with its payload unless that was erased."""
    return sa.select(ENTRIES, PAYLOADS.c.salt, PAYLOADS.c.body).select_from(ENTRIES_WITH_PAYLOAD)


def entry_by_id(identifier: str) -> Query:
    """Select the entry of that id."""
    return entries().where(ENTRIES.c.id == identifier)


def entries_of_kinds(kinds: Collection[EntryKind]) -> Query:
    """Select the entries of those kinds, in order."""
    return entries().where(ENTRIES.c.kind.in_(map(str, kinds))).order_by(ENTRIES.c.sequence)


def is_answer() -> sa.ColumnElement[bool]:
    """Return the condition that an entry holds an answer; see `Entry.answers`."""
    return ENTRIES.c.kind.in_([str(kind) for kind in ANSWER_KINDS])


def latest_sequence(kinds: Collection[EntryKind]) -> Query:
    """Select the sequence of the latest entry of those kinds."""
    return sa.select(sa.func.max(ENTRIES.c.sequence)).where(ENTRIES.c.kind.in_(map(str, kinds)))


def entries_between(first: int, last: int) -> Query:
    """Select the entries from sequence `first` to `last`, both included, in order."""
    return entries().where(ENTRIES.c.sequence.between(first, last)).order_by(ENTRIES.c.sequence)


def entries_from(first: int, most: int) -> Query:
    """Select up to `most` entries of all kinds from sequence `first` on, in order."""
    return entries().where(ENTRIES.c.sequence >= first).order_by(ENTRIES.c.sequence).limit(most)


def answers_by_id_prefix(start: str) -> Query:
    """Select up to two answers whose id starts with a text."""
    has_prefix = ENTRIES.c.id.startswith(start, autoescape=True)
    return entries_of_kinds(ANSWER_KINDS).where(has_prefix).limit(2)


def entries_about(identifier: str, kind: EntryKind) -> Query:
    """Select the entries of that kind about another entry, in order."""
    return entries_of_kinds([kind]).where(ENTRIES.c.about == identifier, ABOUT_ANOTHER)


def is_open_answer() -> sa.ColumnElement[bool]:
    """Return the condition that an entry is the latest answer of its case and is undecided."""
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
    """Select the latest undecided answer of each case; see `AuditStore.undecided`."""
    has_payload = sa.exists().where(PAYLOADS.c.sequence == ENTRIES.c.sequence)
    # Sort sequences only and join payloads afterwards: sorting must not carry every payload along.
    query = sa.select(ENTRIES.c.sequence).where(is_answer(), is_open_answer(), has_payload)
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
    """Select the sites that have answers."""
    return sa.select(ENTRIES.c.site).where(is_answer()).distinct().order_by(ENTRIES.c.site)


def idempotency_record(caller: str, key: str) -> Query:
    """Select what an idempotency key of a caller was used for."""
    return sa.select(REQUESTS).where(REQUESTS.c.caller == caller, REQUESTS.c.key == key)


def idempotency_records(callers: Collection[str], keys: Collection[str]) -> Query:
    """Select what those keys were used for by those callers."""
    return sa.select(REQUESTS).where(REQUESTS.c.caller.in_(callers), REQUESTS.c.key.in_(keys))


def latest_checkpoint_entry() -> Query:
    """Select the latest checkpoint entry; naming task and reference lets the index serve it."""
    kind = ENTRIES.c.kind == str(EntryKind.CHECKPOINT)
    query = entries().where(kind, ENTRIES.c.task == "", ENTRIES.c.reference == "")
    return query.order_by(ENTRIES.c.sequence.desc()).limit(1)
