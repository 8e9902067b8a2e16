"""Changes of the model in service, in the same record as what it then recommends."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from data.lake import Lake
from serving.audit.entry import Draft, Entry, EntryKind
from serving.audit.opened import open_audit

CHANGES = frozenset({EntryKind.MODEL_PROMOTED, EntryKind.MODEL_ROLLED_BACK})


def record_change(lake: Lake, fields: Mapping[str, Any]) -> Entry:
    """Write a promotion or a rollback to the record of the lake, durably.

    fields: at least kind, task, version and decided_at (ISO 8601, UTC); all of it is kept.

    Raises:
        serving.audit.store.AuditUnavailableError: nothing was recorded.
        ValueError: for another kind of entry, or values that cannot be recorded exactly.
    """
    draft = change(str(uuid.uuid4()), fields)
    store = open_audit(lake)
    try:
        return store.append([draft])[0]
    finally:
        store.close()


def change(identifier: str, fields: Mapping[str, Any]) -> Draft:
    """The draft of a change of model."""
    kind = EntryKind(fields["kind"])
    if kind not in CHANGES:
        choices = ", ".join(sorted(CHANGES))
        raise ValueError(f"{kind!s} is not a change of model; those are {choices}")
    return Draft(
        id=identifier,
        kind=kind,
        about=f"{fields['task']}/{fields['version']}",
        task=str(fields["task"]),
        site="",
        reference="",
        priority=0.0,
        recorded_at=str(fields["decided_at"]),
        payload=dict(fields),
    )
