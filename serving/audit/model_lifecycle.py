"""Record promotions, rollbacks, challenger changes and detected drift in the audit log."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from typing import Any

from data.lake import Lake
from serving.audit.factory import open_audit
from serving.audit.log.entry import Draft, Entry, new_draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.errors import DuplicateEntryError
from serving.audit.pseudonym import Pseudonyms, open_pseudonyms
from serving.runtime.context import command_context

MODEL_CHANGE_KINDS = frozenset(
    {
        EntryKind.MODEL_PROMOTED,
        EntryKind.MODEL_ROLLED_BACK,
        EntryKind.CHALLENGER_SET,
        EntryKind.CHALLENGER_ENDED,
    }
)


def record_model_change(lake: Lake, fields: Mapping[str, Any]) -> Entry:
    """Write a promotion, a rollback or a change of challenger to the record of the lake, durably.

    fields: at least kind, task, version and decided_at (ISO 8601, UTC); all of it is kept.

    Raises:
        serving.audit.log.store.AuditUnavailableError: nothing was recorded.
        OSError: the key of pseudonyms cannot be read or made; nothing was recorded.
        ValueError: for another kind of entry, values that cannot be recorded exactly, or a
            key of pseudonyms that others can read.
    """
    with closing(open_audit(lake)) as store:
        told = pseudonymize_people(fields, open_pseudonyms(lake))
        said = model_change_draft(str(uuid.uuid4()), told, command_context("triage").recorded())
        return store.append([said])[0]


def pseudonymize_people(fields: Mapping[str, Any], people: Pseudonyms) -> dict[str, Any]:
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


def model_change_draft(
    identifier: str, fields: Mapping[str, Any], context: Mapping[str, Any] | None = None
) -> Draft:
    """The draft of a change of model. context: as `serving.runtime.context` records it."""
    kind = EntryKind(fields["kind"])
    if kind not in MODEL_CHANGE_KINDS:
        choices = ", ".join(sorted(MODEL_CHANGE_KINDS))
        raise ValueError(f"{kind!s} is not a change of model; those are {choices}")
    return new_draft(
        kind,
        fields,
        context or {},
        str(fields["decided_at"]),
        id=identifier,
        about=f"{fields['task']}/{fields['version']}",
        task=str(fields["task"]),
    )


# What is found of the same days again is the same drift.
DRIFT_NAMESPACE = uuid.UUID("b7f8f3e4-55a1-5d0c-9b1e-6f2f0c7a4d13")


def record_drift(lake: Lake, task: str, said: Mapping[str, Any], now: datetime) -> Entry | None:
    """Record that drift was found; None where the same is on record.

    said: advice, headline, since and until at least (ISO 8601).

    Raises:
        AuditUnavailableError: nothing was recorded.
    """
    named = str(uuid.uuid5(DRIFT_NAMESPACE, json.dumps([task, *map(str, said.values())])))
    context = command_context("triage monitor").recorded()
    draft = new_draft(
        EntryKind.DRIFT_DETECTED, said, context, now.isoformat(), id=named, about=task, task=task
    )
    with closing(open_audit(lake)) as store:
        try:
            return store.append([draft])[0]
        except DuplicateEntryError:
            return None
