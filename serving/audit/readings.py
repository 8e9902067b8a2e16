"""Accesses to reports: who read one and what it said, on record before the page is given."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from serving.audit import queries
from serving.audit.entry import Entry, EntryKind, drafted
from serving.audit.store import AuditStore
from serving.audit.tables import ABOUT_ANOTHER, ENTRIES

HTML = "text/html"


@dataclass(frozen=True)
class Reading:
    """One access. caller, page_digest: None once erased. page_digest: sha256 of the page."""

    sequence: int
    at: str
    caller: str | None
    page_digest: str | None

    @classmethod
    def of(cls, entry: Entry) -> Reading:
        """What an entry says."""
        if entry.body is None:
            return cls(entry.sequence, entry.recorded_at, None, None)
        payload = entry.payload
        caller, digest = payload["context"].get("caller"), payload["page_digest"]
        return cls(entry.sequence, entry.recorded_at, caller, digest)


def record_reading(
    audit: AuditStore, answered: Entry, page: bytes, now: datetime, context: Mapping[str, Any]
) -> Entry:
    """Record that a page of a recommendation is given; the page may be given after that.

    answered: the recommendation. page: the HTML. context: as `serving.context` records it.

    Raises:
        AuditUnavailableError: nothing was recorded, so the page may not be given.
    """
    envelope = answered.envelope
    said = {
        "recommendation_id": answered.id,
        "page_digest": hashlib.sha256(page).hexdigest(),
        "format": HTML,
    }
    access = drafted(
        EntryKind.REPORT_READ,
        said,
        context,
        now.isoformat(),
        about=answered.id,
        task=envelope.task,
        site=envelope.site,
    )
    return audit.append([access])[0]


def readings(audit: AuditStore, recommendation: str) -> list[Reading]:
    """Every access to the reports of a recommendation, in order.

    Raises:
        AuditUnavailableError: the record cannot be read.
    """
    found = audit.select(queries.about(recommendation, EntryKind.REPORT_READ))
    return [Reading.of(entry) for entry in found]


def times_read(audit: AuditStore, recommendations: Collection[str]) -> Mapping[str, int]:
    """How often the report of each was read.

    Raises:
        AuditUnavailableError: the record cannot be read.
    """
    read = sa.select(ENTRIES.c.about, sa.func.count()).where(
        ENTRIES.c.kind == EntryKind.REPORT_READ,
        ENTRIES.c.about.in_(recommendations),
        ABOUT_ANOTHER,
    )
    with audit.reading() as connection:
        found = connection.execute(read.group_by(ENTRIES.c.about))
        return Counter({str(about): int(count) for about, count in found})
