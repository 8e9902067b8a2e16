"""Entries of the record made by hand."""

from serving.audit.log.entry import Draft
from serving.audit.log.entry_kind import EntryKind


def minimal_draft(name, **changes):
    """A small recommendation of that id."""
    fields = {
        "id": name,
        "kind": EntryKind.RECOMMENDATION,
        "about": name,
        "task": "stock_risk",
        "site": "site_01",
        "reference": name,
        "priority": 1.0,
        "recorded_at": "2026-03-10T08:00:00+00:00",
        "payload": {"value": 0.1, "nothing": None},
    }
    return Draft(**(fields | changes))
