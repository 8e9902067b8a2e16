"""Find and erase entries that are older than the retention policy allows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from serving.audit.erasure.execution import ErasureGround, erase_payloads
from serving.audit.log import queries
from serving.audit.log.entry import Entry
from serving.audit.log.entry_kind import KINDS_OF_GROUP, PERMANENT_KINDS, EntryGroup, EntryKind
from serving.audit.log.payload_partitions import list_partitions
from serving.audit.log.store import AuditStore
from serving.audit.log.tables import ENTRIES, PAYLOADS
from serving.policy.sections import RetentionPolicy


@dataclass(frozen=True)
class ExpiredEntries:
    """Entries that may be erased. sequences: in order. months: those that may go completely."""

    sequences: tuple[int, ...]
    months: tuple[str, ...]


def oldest_retained_month(now: datetime, kept: int) -> str:
    """Return the oldest month that must be kept, as `2019-11`.

    A month may be erased once its youngest entry is older than `kept` months, so the month that
    lies `kept` months before `now` stays.
    """
    months_of = now.year * 12 + now.month - 1 - kept
    return f"{months_of // 12:04d}-{months_of % 12 + 1:02d}"


def find_expired(store: AuditStore, policy: RetentionPolicy, now: datetime) -> ExpiredEntries:
    """Return the entries that are older than the policy keeps them.

    Raises:
        AuditUnavailableError: the record cannot be read.
    """
    keep = {group: getattr(policy, group, None) for group in EntryGroup}
    kept_from = {g: oldest_retained_month(now, n) for g, n in keep.items() if n is not None}
    sequences, complete_months = list[int](), list[str]()
    with store.reading() as connection:
        for month in (found.month for found in list_partitions(connection)):
            expired = _erasable_kinds(group for group, first in kept_from.items() if month < first)
            if expired:
                sequences += _sequences_with_payload(connection, month, expired)
            if expired == ERASABLE_KINDS:
                complete_months.append(month)
    return ExpiredEntries(tuple(sorted(sequences)), tuple(complete_months))


def erase_expired(
    store: AuditStore,
    found: ExpiredEntries,
    reason: str,
    by: str,
    context: Mapping[str, Any],
    now: datetime,
) -> Entry:
    """Erase expired entries; see `serving.audit.erasure.execution.erase_payloads`."""
    return erase_payloads(
        store,
        ErasureGround.RETENTION,
        found.sequences,
        reason,
        by,
        context,
        now=now,
        months=found.months,
    )


def _erasable_kinds(groups: Iterable[EntryGroup]) -> frozenset[EntryKind]:
    return frozenset(kind for group in groups for kind in KINDS_OF_GROUP[group]) - PERMANENT_KINDS


ERASABLE_KINDS = _erasable_kinds(EntryGroup)


def _sequences_with_payload(
    connection: sa.Connection, month: str, kinds: Collection[EntryKind]
) -> list[int]:
    query = sa.select(ENTRIES.c.sequence).select_from(queries.ENTRIES_WITH_PAYLOAD)
    of_month = query.where(PAYLOADS.c.month == month, ENTRIES.c.kind.in_(map(str, kinds)))
    return list(connection.scalars(of_month))
