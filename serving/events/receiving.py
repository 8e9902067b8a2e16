"""Receiving: events on record before they are acknowledged, each once."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from data.contracts.sites import SITE_ID
from serving.audit.entry import Draft, Entry, EntryKind, drafted
from serving.audit.store import AuditStore, TakenError
from serving.caller import Caller
from serving.context import Context
from serving.events.reading import Received

# An event is named after its source and id, so that whoever sends it twice, and to whichever
# process, finds it on record.
NAMES = uuid.UUID("3d1a7c52-6a0f-5c3e-8a57-0f4b1f0e9b21")
TRIES = 3


@dataclass(frozen=True)
class Taken:
    """An event on record. again: it was there before, and says the same."""

    entry: Entry
    again: bool


class OtherEventError(RuntimeError):
    """Another event of that source has the id; nothing was recorded."""

    def __init__(self, number: int, event: Received) -> None:
        super().__init__(f"another event of source {event.source!r} has the id {event.id!r}")
        self.number, self.event = number, event


def receive(
    store: AuditStore, events: Sequence[Received], caller: Caller, context: Context, now: datetime
) -> list[Taken]:
    """Every event on record, in their order, or none.

    Raises:
        OtherEventError: one says something else than what is on record under its name.
        AuditUnavailableError: nothing was recorded.
    """
    for last in (False,) * (TRIES - 1) + (True,):
        try:
            return _once(store, events, caller, context, now)
        except TakenError:  # by another process, between look and record
            if last:
                raise
    raise AssertionError


def _once(
    store: AuditStore, events: Sequence[Received], caller: Caller, context: Context, now: datetime
) -> list[Taken]:
    drafts = [draft_of(event, caller, context, now) for event in events]
    new, before = dict[str, Draft](), dict[str, Entry]()
    for number, (event, draft) in enumerate(zip(events, drafts, strict=True)):
        there = store.read(draft.id)
        said = new[draft.id].payload if draft.id in new else there and there.body and there.payload
        if said and not _same(said, draft.payload):
            raise OtherEventError(number, event)
        if there is not None:
            before[draft.id] = there
        else:
            new.setdefault(draft.id, draft)
    made = {entry.id: entry for entry in store.append(list(new.values()))}
    told, seen = list[Taken](), set(before)
    for draft in drafts:
        told.append(Taken(before.get(draft.id) or made[draft.id], draft.id in seen))
        seen.add(draft.id)
    return told


def draft_of(event: Received, caller: Caller, context: Context, now: datetime) -> Draft:
    """An event as it is recorded: its row, and for which sites its sender may speak."""
    row = json.loads(json.dumps(dict(event.row), default=_text))
    said = {
        "source": event.source,
        "event_id": event.id,
        "type": str(event.type),
        "table": event.contract.table.name,
        "row": row,
        "sites": None if caller.sites is None else sorted(caller.sites),
    }
    return drafted(
        EntryKind.EVENT_RECEIVED,
        said,
        context.recorded(),
        now.isoformat(),
        id=str(uuid.uuid5(NAMES, json.dumps([event.source, event.id]))),
        about=f"{event.contract.table.name}/{row[str(event.contract.table.key[0])]}",
        site=row.get(SITE_ID, ""),
    )


def _same(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    return all(before[name] == now[name] for name in ("type", "row"))


def _text(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()
