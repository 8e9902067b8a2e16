"""Record and count accesses to reports."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from serving.audit.log import queries
from serving.audit.log.entry import Entry, new_draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.store import AuditStore
from serving.audit.log.tables import ABOUT_ANOTHER, ENTRIES

HTML_MEDIA_TYPE = "text/html"


@dataclass(frozen=True)
class ReportAccess:
    """One access to a report.

    Attributes:
        sequence: of its entry.
        at: time of the access, ISO 8601.
        caller: that read the report; None once erased.
        page_digest: sha256 of the page; None once erased.
    """

    sequence: int
    at: str
    caller: str | None
    page_digest: str | None

    @classmethod
    def of(cls, entry: Entry) -> ReportAccess:
        """Return the access that an entry records."""
        if entry.body is None:
            return cls(entry.sequence, entry.recorded_at, None, None)
        payload = entry.payload
        caller, digest = payload["context"].get("caller"), payload["page_digest"]
        return cls(entry.sequence, entry.recorded_at, caller, digest)


def record_report_access(
    audit: AuditStore, answered: Entry, page: bytes, now: datetime, context: Mapping[str, Any]
) -> Entry:
    """Record that a report is about to be shown; it may be shown once this returns.

    Args:
        audit: where to.
        answered: entry of the recommendation.
        page: HTML of the report.
        now: time of the access, UTC.
        context: of the request, as `serving.runtime.context` records it.

    Raises:
        AuditUnavailableError: nothing was recorded, so the report may not be shown.
    """
    envelope = answered.envelope
    said = {
        "recommendation_id": answered.id,
        "page_digest": hashlib.sha256(page).hexdigest(),
        "format": HTML_MEDIA_TYPE,
    }
    access = new_draft(
        EntryKind.REPORT_READ,
        said,
        context,
        now.isoformat(),
        about=answered.id,
        task=envelope.task,
        site=envelope.site,
    )
    return audit.append([access])[0]


def report_accesses(audit: AuditStore, recommendation: str) -> list[ReportAccess]:
    """Return every access to the reports of a recommendation, in order.

    Raises:
        AuditUnavailableError: the record cannot be read.
    """
    entries = audit.select(queries.entries_about(recommendation, EntryKind.REPORT_READ))
    return [ReportAccess.of(entry) for entry in entries]


def count_report_accesses(audit: AuditStore, recommendations: Collection[str]) -> Mapping[str, int]:
    """Return how often the report of each recommendation was shown.

    Raises:
        AuditUnavailableError: the record cannot be read.
    """
    query = sa.select(ENTRIES.c.about, sa.func.count()).where(
        ENTRIES.c.kind == EntryKind.REPORT_READ,
        ENTRIES.c.about.in_(recommendations),
        ABOUT_ANOTHER,
    )
    with audit.reading() as connection:
        rows = connection.execute(query.group_by(ENTRIES.c.about))
        return Counter({str(about): int(count) for about, count in rows})
