"""Retention: what is older than the policy keeps is erased, a whole month at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from serving.audit import queries
from serving.audit.entry import Entry, EntryKind
from serving.audit.entry_group import KEPT, KINDS, EntryGroup
from serving.audit.erasure import Ground, erase
from serving.audit.months import months
from serving.audit.store import AuditStore
from serving.audit.tables import ENTRIES, PAYLOADS
from serving.policy.policy import Retention


@dataclass(frozen=True)
class Due:
    """What may go. sequences: in order. months: of which everything that can be erased may go."""

    sequences: tuple[int, ...]
    months: tuple[str, ...]


def first_month_kept(now: datetime, kept: int) -> str:
    """The oldest month that may not go yet, as `2019-11`.

    A month goes when its youngest entry is older than `kept` months: so the month in which
    `now` less those months falls stays.
    """
    months_of = now.year * 12 + now.month - 1 - kept
    return f"{months_of // 12:04d}-{months_of % 12 + 1:02d}"


def due(store: AuditStore, policy: Retention, now: datetime) -> Due:
    """What is older than the policy keeps it; nothing is done.

    Raises:
        AuditUnavailableError: the record cannot be read.
    """
    keep = {group: getattr(policy, group, None) for group in EntryGroup}
    kept_from = {g: first_month_kept(now, n) for g, n in keep.items() if n is not None}
    sequences, whole = list[int](), list[str]()
    with store.reading() as connection:
        for month in (found.month for found in months(connection)):
            old = _erasable(group for group, first in kept_from.items() if month < first)
            if old:
                sequences += _held(connection, month, old)
            if old == ERASABLE:
                whole.append(month)
    return Due(tuple(sorted(sequences)), tuple(whole))


def erase_due(
    store: AuditStore, found: Due, reason: str, by: str, context: Mapping[str, Any], now: datetime
) -> Entry:
    """Erase what is due, with one entry that names it.

    Raises:
        as `serving.audit.erasure.erase`.
    """
    return erase(
        store, Ground.RETENTION, found.sequences, reason, by, context, now=now, months=found.months
    )


def _erasable(groups: Iterable[EntryGroup]) -> frozenset[EntryKind]:
    return frozenset(kind for group in groups for kind in KINDS[group]) - KEPT


ERASABLE = _erasable(EntryGroup)


def _held(connection: sa.Connection, month: str, kinds: Collection[EntryKind]) -> list[int]:
    query = sa.select(ENTRIES.c.sequence).select_from(queries.WITH_PAYLOAD)
    of_month = query.where(PAYLOADS.c.month == month, ENTRIES.c.kind.in_(map(str, kinds)))
    return list(connection.scalars(of_month))
