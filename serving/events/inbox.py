"""Record received events in the audit log, each once, before they are acknowledged."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from data.contracts.sites import SITE_ID
from serving.audit.log.entry import Draft, Entry, new_draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.errors import DuplicateEntryError
from serving.audit.log.store import AuditStore
from serving.auth.caller import Caller
from serving.events.received_event import ReceivedEvent
from serving.runtime.context import RequestContext

# An event is named after its source and id, so that whoever sends it twice, and to whichever
# process, finds it on record.
EVENT_NAMESPACE = uuid.UUID("3d1a7c52-6a0f-5c3e-8a57-0f4b1f0e9b21")
MAX_ATTEMPTS = 3


@dataclass(frozen=True)
class RecordedEvent:
    """An event on record. again: it was there before, and says the same."""

    entry: Entry
    again: bool


class ConflictingEventError(RuntimeError):
    """Another event of that source has the id; nothing was recorded."""

    def __init__(self, number: int, event: ReceivedEvent) -> None:
        super().__init__(f"another event of source {event.source!r} has the id {event.id!r}")
        self.number, self.event = number, event


def record_events(
    store: AuditStore,
    events: Sequence[ReceivedEvent],
    caller: Caller,
    context: RequestContext,
    now: datetime,
) -> list[RecordedEvent]:
    """Every event on record, in their order, or none.

    Raises:
        OtherEventError: one says something else than what is on record under its name.
        AuditUnavailableError: nothing was recorded.
    """
    for last in (False,) * (MAX_ATTEMPTS - 1) + (True,):
        try:
            return _record_once(store, events, caller, context, now)
        except DuplicateEntryError:  # by another process, between look and record
            if last:
                raise
    raise AssertionError


def _record_once(
    store: AuditStore,
    events: Sequence[ReceivedEvent],
    caller: Caller,
    context: RequestContext,
    now: datetime,
) -> list[RecordedEvent]:
    drafts = [event_draft(event, caller, context, now) for event in events]
    new, before = dict[str, Draft](), dict[str, Entry]()
    for number, (event, draft) in enumerate(zip(events, drafts, strict=True)):
        there = store.read(draft.id)
        said = new[draft.id].payload if draft.id in new else there and there.body and there.payload
        if said and not _same_content(said, draft.payload):
            raise ConflictingEventError(number, event)
        if there is not None:
            before[draft.id] = there
        else:
            new.setdefault(draft.id, draft)
    made = {entry.id: entry for entry in store.append(list(new.values()))}
    told, seen = list[RecordedEvent](), set(before)
    for draft in drafts:
        told.append(RecordedEvent(before.get(draft.id) or made[draft.id], draft.id in seen))
        seen.add(draft.id)
    return told


def event_draft(
    event: ReceivedEvent, caller: Caller, context: RequestContext, now: datetime
) -> Draft:
    """An event as it is recorded: its row, and for which sites its sender may speak."""
    row = json.loads(json.dumps(dict(event.row), default=_utc_text))
    said = {
        "source": event.source,
        "event_id": event.id,
        "type": str(event.type),
        "table": event.contract.table.name,
        "row": row,
        "sites": None if caller.sites is None else sorted(caller.sites),
    }
    return new_draft(
        EntryKind.EVENT_RECEIVED,
        said,
        context.recorded(),
        now.isoformat(),
        id=str(uuid.uuid5(EVENT_NAMESPACE, json.dumps([event.source, event.id]))),
        about=f"{event.contract.table.name}/{row[str(event.contract.table.key[0])]}",
        site=row.get(SITE_ID, ""),
    )


def _same_content(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    return all(before[name] == now[name] for name in ("type", "row"))


def _utc_text(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()
