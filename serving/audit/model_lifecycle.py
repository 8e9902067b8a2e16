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
    """Record a promotion, a rollback or a change of challenger in the audit log of a lake.

    Args:
        lake: whose log.
        fields: at least kind, task, version and decided_at (ISO 8601, UTC); all are recorded.

    Raises:
        AuditUnavailableError: nothing was recorded.
        OSError: the key of pseudonyms cannot be read or made; nothing was recorded.
        ValueError: the kind is another one, a value cannot be recorded exactly, or others can
            read the key of pseudonyms.
    """
    with closing(open_audit(lake)) as store:
        fields = pseudonymize_people(fields, open_pseudonyms(lake))
        context = command_context("triage").recorded()
        return store.append([model_change_draft(str(uuid.uuid4()), fields, context)])[0]


def pseudonymize_people(fields: Mapping[str, Any], people: Pseudonyms) -> dict[str, Any]:
    """Replace the names of who trained and who approved by pseudonyms.

    A person has one pseudonym, so the log still shows whether two persons were involved.
    """
    recorded = dict(fields)
    if recorded.get("trained_by"):
        recorded["trained_by"] = people.of(recorded["trained_by"])
    if "approver" in recorded:
        approver = dict(recorded["approver"])
        recorded["approver"] = {"person": people.of(approver.pop("name")), **approver}
    return recorded


def model_change_draft(
    identifier: str, fields: Mapping[str, Any], context: Mapping[str, Any] | None = None
) -> Draft:
    """Make the draft of a change of model. context: as `serving.runtime.context` records it."""
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


# Ids are derived from what was found, so that drift of the same days is recorded once.
DRIFT_NAMESPACE = uuid.UUID("b7f8f3e4-55a1-5d0c-9b1e-6f2f0c7a4d13")


def record_drift(lake: Lake, task: str, said: Mapping[str, Any], now: datetime) -> Entry | None:
    """Record detected drift; return None if the same drift is on record.

    Args:
        lake: whose log.
        task: name of the task.
        said: at least advice, headline, since and until (ISO 8601).
        now: when it was detected, UTC.

    Raises:
        AuditUnavailableError: nothing was recorded.
    """
    identifier = str(uuid.uuid5(DRIFT_NAMESPACE, json.dumps([task, *map(str, said.values())])))
    context = command_context("triage monitor").recorded()
    draft = new_draft(
        EntryKind.DRIFT_DETECTED,
        said,
        context,
        now.isoformat(),
        id=identifier,
        about=task,
        task=task,
    )
    with closing(open_audit(lake)) as store:
        try:
            return store.append([draft])[0]
        except DuplicateEntryError:
            return None
