"""What a person decided about a recommendation: recorded once, and never changed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from serving.api.messages import DecisionMessage
from serving.audit.entry import SCHEMA, Draft, Entry, EntryKind
from serving.audit.group import Committed, Key
from serving.audit.store import AuditStore, TakenError
from serving.context import Context
from serving.recommendation import Advice

Said = Mapping[str, Any]

# Decisions are named after what they decide, so that two that arrive at once cannot both be
# recorded: the second has a name that is taken, in whichever process it came in.
NAMES = uuid.UUID("6f1b0c1e-3a0e-5d51-9f43-0d4a9d8f7c52")


class AlreadyDecidedError(RuntimeError):
    """Something else was decided about the recommendation before."""

    def __init__(self, entry: Entry) -> None:
        said = entry.payload
        ended = f", resolved as {said['resolved_as']}" if said["resolved_as"] else ""
        why = f' ("{said["reason"]}")' if said["reason"] else ""
        super().__init__(
            f"recommendation {said['recommendation_id']} was decided at {said['happened_at']}: "
            f"{said['action']} by {said['role']}{ended}{why}"
        )


def decide(
    audit: AuditStore,
    advice: Advice,
    decision: DecisionMessage,
    now: datetime,
    context: Context,
    key: Key | None = None,
) -> tuple[Committed, bool]:
    """The decision on record, and whether it was recorded just now.

    key: recorded with it, so that the same request sent again gets the same answer.

    Raises:
        AlreadyDecidedError: something else was decided before; nothing was recorded.
        AuditUnavailableError: nothing was recorded.
        KeyTakenError: the key was used before; nothing was recorded.
    """
    said = decision.model_dump(mode="json")
    if before := audit.decisions(advice.id):
        return _before(before[0], said), False
    try:
        return audit.commit([_draft(advice, said, now.isoformat(), context)], key), True
    except TakenError:  # by somebody else, between look and record
        return _before(audit.decisions(advice.id)[0], said), False


def _before(entry: Entry, said: Said) -> Committed:
    """What was recorded then; no checkpoint was made for it now."""
    return Committed([_same(entry, said)], "")


def _same(before: Entry, said: Said) -> Entry:
    """The decision before, if it says the same."""
    if any(before.payload[name] != value for name, value in said.items()):
        raise AlreadyDecidedError(before)
    return before


def _draft(advice: Advice, said: Said, now: str, context: Context) -> Draft:
    identifier = str(uuid.uuid5(NAMES, advice.id))
    return Draft(
        id=identifier,
        kind=EntryKind.DECISION,
        about=advice.id,
        task=advice.task,
        site=advice.site_id,
        reference="",
        priority=0.0,
        recorded_at=now,
        payload={
            "schema": SCHEMA,
            "kind": EntryKind.DECISION.value,
            "context": context.recorded(),
            "decision_id": identifier,
            "recommendation_id": advice.id,
            "happened_at": now,
            "known_at": now,
            **said,
        },
    )
