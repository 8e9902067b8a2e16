"""Resolve an erasure request to entries, and describe what it will erase."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from serving.audit.erasure.execution import (
    ErasureGround,
    ErasurePlan,
    resolve_sequence,
    sequences_naming_person,
    sequences_recorded_before,
)
from serving.audit.erasure.retention import find_expired, oldest_retained_month
from serving.audit.log.sequence_ranges import format_ranges
from serving.audit.log.store import AuditStore
from serving.audit.pseudonym import Pseudonyms
from serving.policy.sections import MIN_RETENTION_MONTHS, RETENTION_LAW, RetentionPolicy

SELECTOR_OPTIONS = "--id, --person, --before, --retention"


@dataclass(frozen=True)
class ErasureRequest:
    """Request to erase entries; exactly one field is set.

    Attributes:
        ids: of entries.
        person: name of a person, never recorded.
        before: day before which all erasable entries are erased.
        retention: policy whose expired entries are erased.
    """

    ids: Sequence[str] = ()
    person: str = ""
    before: datetime | None = None
    retention: RetentionPolicy | None = None


@dataclass(frozen=True)
class ErasureSelection:
    """The entries that a request selects. months: those that are erased completely."""

    ground: ErasureGround
    sequences: tuple[int, ...]
    months: tuple[str, ...] = ()


def select_entries(
    store: AuditStore, wanted: ErasureRequest, people: Pseudonyms, now: datetime
) -> ErasureSelection:
    """Return the entries that a request selects.

    Raises:
        ValueError: no field or several fields of the request are set.
        LookupError: an id is not on record.
        AuditUnavailableError: the record cannot be read.
    """
    if sum(map(bool, (wanted.ids, wanted.person, wanted.before, wanted.retention))) != 1:
        raise ValueError(f"say what is to be erased in exactly one way: {SELECTOR_OPTIONS}")
    if wanted.retention:
        expired = find_expired(store, wanted.retention, now)
        return ErasureSelection(ErasureGround.RETENTION, expired.sequences, expired.months)
    if wanted.person:
        return ErasureSelection(
            ErasureGround.PERSON, tuple(sequences_naming_person(store, people.of(wanted.person)))
        )
    if wanted.before:
        day = f"{wanted.before:%Y-%m-%d}"
        return ErasureSelection(ErasureGround.REQUEST, tuple(sequences_recorded_before(store, day)))
    return ErasureSelection(
        ErasureGround.REQUEST, tuple(resolve_sequence(store, one) for one in wanted.ids)
    )


def describe_erasure(chosen: ErasureSelection, found: ErasurePlan, now: datetime) -> Iterator[str]:
    """Yield the lines that describe an erasure before it is done."""
    if not found.left:
        before = f"; {found.gone} were erased before" if found.gone else ""
        yield f"Nothing is left to erase{before}."
        return
    kinds = ", ".join(f"{count} {kind}" for kind, count in found.kinds.items())
    count = len(found.left)
    what = "1 entry holds" if count == 1 else f"{count:,} entries hold"
    yield f"Erases what {what} ({kinds}): {format_ranges(found.ranges)}."
    yield f"They were recorded from {found.oldest[:10]} to {found.youngest[:10]}."
    if chosen.months:
        yield f"Whole months that go: {', '.join(chosen.months)}."
    if found.gone:
        yield f"{found.gone} others were erased before."
    if found.youngest[:7] >= oldest_retained_month(now, MIN_RETENTION_MONTHS):
        yield f"Some are younger than {MIN_RETENTION_MONTHS} months; {RETENTION_LAW}."
    yield (
        "It cannot be brought back. Envelopes and hashes stay, so the record still verifies. "
        "Copies outside it are yours to remove: reports that `triage report` wrote, exports, "
        "backups, database archives, training sets, answers that callers keep."
    )
