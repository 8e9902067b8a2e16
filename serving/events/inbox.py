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

# The entry id is derived from source and id of the event, so that every process recognises an
# event that is sent again.
EVENT_NAMESPACE = uuid.UUID("3d1a7c52-6a0f-5c3e-8a57-0f4b1f0e9b21")
MAX_ATTEMPTS = 3


@dataclass(frozen=True)
class RecordedEvent:
    """A recorded event.

    Attributes:
        entry: that holds the event.
        again: whether the event was on record before, with the same content.
    """

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
    """Record all events or none; return them in their order.

    Raises:
        ConflictingEventError: an event with other content is on record under the same id.
        AuditUnavailableError: nothing was recorded.
    """
    for last in (False,) * (MAX_ATTEMPTS - 1) + (True,):
        try:
            return _record_once(store, events, caller, context, now)
        except DuplicateEntryError:  # another process recorded it after the look-up
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
        entry = store.read(draft.id)
        payload = (
            new[draft.id].payload if draft.id in new else entry and entry.body and entry.payload
        )
        if payload and not _same_content(payload, draft.payload):
            raise ConflictingEventError(number, event)
        if entry is not None:
            before[draft.id] = entry
        else:
            new.setdefault(draft.id, draft)
    appended = {entry.id: entry for entry in store.append(list(new.values()))}
    recorded, seen = list[RecordedEvent](), set(before)
    for draft in drafts:
        entry_of_draft = before.get(draft.id) or appended[draft.id]
        recorded.append(RecordedEvent(entry_of_draft, draft.id in seen))
        seen.add(draft.id)
    return recorded


def event_draft(
    event: ReceivedEvent, caller: Caller, context: RequestContext, now: datetime
) -> Draft:
    """Return the draft that records an event: its row, and the sites that its sender may name."""
    row = json.loads(json.dumps(dict(event.row), default=_utc_text))
    fields = {
        "source": event.source,
        "event_id": event.id,
        "type": str(event.type),
        "table": event.contract.table.name,
        "row": row,
        "sites": None if caller.sites is None else sorted(caller.sites),
    }
    return new_draft(
        EntryKind.EVENT_RECEIVED,
        fields,
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
