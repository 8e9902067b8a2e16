"""What somebody asks to be erased, and what they are told before it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from serving.audit.erasure import Ground, Plan, of_person, recorded_before, sequence_of
from serving.audit.pseudonym import Pseudonyms
from serving.audit.ranges import told
from serving.audit.retention import due, first_month_kept
from serving.audit.store import AuditStore
from serving.policy.policy import ASKED_BY, LEAST_MONTHS, Retention

WAYS = "--id, --person, --before, --retention"


@dataclass(frozen=True)
class Wanted:
    """What is asked for, in exactly one way. person: by name; goes no further than `chosen`."""

    ids: Sequence[str] = ()
    person: str = ""
    before: datetime | None = None
    retention: Retention | None = None


@dataclass(frozen=True)
class Chosen:
    """What that is on record. months: those that go as a whole."""

    ground: Ground
    sequences: tuple[int, ...]
    months: tuple[str, ...] = ()


def chosen(store: AuditStore, wanted: Wanted, people: Pseudonyms, now: datetime) -> Chosen:
    """The entries that are meant.

    Raises:
        ValueError: nothing is asked for, or in two ways.
        LookupError: an id that is not on record.
        AuditUnavailableError: the record cannot be read.
    """
    if sum(map(bool, (wanted.ids, wanted.person, wanted.before, wanted.retention))) != 1:
        raise ValueError(f"say what is to be erased in exactly one way: {WAYS}")
    if wanted.retention:
        old = due(store, wanted.retention, now)
        return Chosen(Ground.RETENTION, old.sequences, old.months)
    if wanted.person:
        return Chosen(Ground.PERSON, tuple(of_person(store, people.of(wanted.person))))
    if wanted.before:
        day = f"{wanted.before:%Y-%m-%d}"
        return Chosen(Ground.REQUEST, tuple(recorded_before(store, day)))
    return Chosen(Ground.REQUEST, tuple(sequence_of(store, one) for one in wanted.ids))


def announced(chosen: Chosen, found: Plan, now: datetime) -> Iterator[str]:
    """What would be done, line by line, before it is."""
    if not found.left:
        before = f"; {found.gone} were erased before" if found.gone else ""
        yield f"Nothing is left to erase{before}."
        return
    kinds = ", ".join(f"{count} {kind}" for kind, count in found.kinds.items())
    count = len(found.left)
    what = "1 entry holds" if count == 1 else f"{count:,} entries hold"
    yield f"Erases what {what} ({kinds}): {told(found.ranges)}."
    yield f"They were recorded from {found.oldest[:10]} to {found.youngest[:10]}."
    if chosen.months:
        yield f"Whole months that go: {', '.join(chosen.months)}."
    if found.gone:
        yield f"{found.gone} others were erased before."
    if found.youngest[:7] >= first_month_kept(now, LEAST_MONTHS):
        yield f"Some are younger than {LEAST_MONTHS} months; {ASKED_BY}."
    yield (
        "It cannot be brought back. Envelopes and hashes stay, so the record still verifies. "
        "Copies outside it are yours to remove: reports that `triage report` wrote, exports, "
        "backups, database archives, training sets, answers that callers keep."
    )
