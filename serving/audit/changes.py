"""Changes of the model in service, in the same record as what it then recommends."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from data.lake import Lake
from serving.audit.entry import Draft, Entry, EntryKind, drafted
from serving.audit.opened import open_audit
from serving.audit.pseudonym import Pseudonyms, open_pseudonyms
from serving.context import of_command

CHANGES = frozenset(
    {
        EntryKind.MODEL_PROMOTED,
        EntryKind.MODEL_ROLLED_BACK,
        EntryKind.CHALLENGER_SET,
        EntryKind.CHALLENGER_ENDED,
    }
)


def record_change(lake: Lake, fields: Mapping[str, Any]) -> Entry:
    """Write a promotion, a rollback or a change of challenger to the record of the lake, durably.

    fields: at least kind, task, version and decided_at (ISO 8601, UTC); all of it is kept.

    Raises:
        serving.audit.store.AuditUnavailableError: nothing was recorded.
        OSError: the key of pseudonyms cannot be read or made; nothing was recorded.
        ValueError: for another kind of entry, values that cannot be recorded exactly, or a
            key of pseudonyms that others can read.
    """
    with closing(open_audit(lake)) as store:
        told = unnamed(fields, open_pseudonyms(lake))
        said = change(str(uuid.uuid4()), told, of_command("triage").recorded())
        return store.append([said])[0]


def unnamed(fields: Mapping[str, Any], people: Pseudonyms) -> dict[str, Any]:
    """The same with pseudonyms where it named who trained and who approved.

    One person has one, so that it can still be told whether they were two.
    """
    told = dict(fields)
    if told.get("trained_by"):
        told["trained_by"] = people.of(told["trained_by"])
    if "approver" in told:
        approver = dict(told["approver"])
        told["approver"] = {"person": people.of(approver.pop("name")), **approver}
    return told


def change(
    identifier: str, fields: Mapping[str, Any], context: Mapping[str, Any] | None = None
) -> Draft:
    """The draft of a change of model. context: as `serving.context` records it."""
    kind = EntryKind(fields["kind"])
    if kind not in CHANGES:
        choices = ", ".join(sorted(CHANGES))
        raise ValueError(f"{kind!s} is not a change of model; those are {choices}")
    return drafted(
        kind,
        fields,
        context or {},
        str(fields["decided_at"]),
        id=identifier,
        about=f"{fields['task']}/{fields['version']}",
        task=str(fields["task"]),
    )
