"""Convert an audit entry to a CloudEvent 1.0 without personal data.

An event names the case without its contents and leaves out reasons in a person's own words. A
receiver that may read more follows the address of the report.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from serving.audit.log.entry import Entry
from serving.events.event_type import EVENT_TYPE_OF_KIND, EventType

CONTENT_TYPE = JSONFormat.CONTENT_TYPE
RECOMMENDATION_FIELDS = (
    "level",
    "route",
    "rung",
    "exception_probability",
    "abstained",
    "flagged",
    "audit_sample",
    "expires_at",
)
"""Fields of a recommendation that an event carries."""
PAYLOAD_FIELDS: Mapping[EventType, tuple[str, ...]] = {
    EventType.RECOMMENDATION_GIVEN: ("rung",),
    EventType.DECISION_RECORDED: ("decision_id", "action", "resolved_as", "role", "happened_at"),
    EventType.MODEL_PROMOTED: ("version", "digest", "previous", "decided_at"),
    EventType.MODEL_ROLLED_BACK: ("version", "digest", "previous", "decided_at"),
    EventType.MODEL_LOADED: ("version", "digest", "alias"),
    EventType.MODEL_REFUSED: ("version", "digest", "alias"),
    EventType.ADVICE_PAUSED: (),
    EventType.ADVICE_RESUMED: (),
    EventType.DRIFT_DETECTED: ("advice", "headline", "since", "until"),
}
"""Fields of every payload that an event carries, where the payload has them."""
RECOMMENDATION_EVENTS = frozenset({EventType.RECOMMENDATION_GIVEN, EventType.DECISION_RECORDED})


def to_cloud_event(entry: Entry, source: str, address: str = "") -> CloudEvent:
    """Return the event of an entry; the same entry always gives the same event.

    The event of an erased entry says `erased` and carries no data of the payload.

    Args:
        entry: of a kind in `EVENT_TYPE_OF_KIND`.
        source: the CloudEvents `source`.
        address: scheme and host of the service, the start of the report's address.
    """
    envelope, type_ = entry.envelope, EVENT_TYPE_OF_KIND[entry.kind]
    attributes = {
        "specversion": "1.0",
        "id": entry.id,
        "source": source,
        "type": str(type_),
        "subject": envelope.about or envelope.task or entry.id,
        "time": datetime.fromisoformat(entry.recorded_at),
        "datacontenttype": "application/json",
    }
    data = {
        "audit_sequence": entry.sequence,
        "task": envelope.task or None,
        "site_id": envelope.site or None,
        "reference": envelope.reference or None,
    }
    if type_ in RECOMMENDATION_EVENTS:
        data["recommendation_id"] = envelope.about
        data["report"] = f"{address}/v1/recommendations/{envelope.about}/report"
    if entry.body is None:
        return CloudEvent(attributes, data | {"erased": True})
    payload = entry.payload
    trace = payload.get("context", {}).get("trace_id")
    if trace:
        attributes["traceparent"] = f"00-{trace}-{span_id(entry.id)}-01"
    return CloudEvent(attributes, data | _event_data(type_, payload))


def serialize_event(event: CloudEvent) -> bytes:
    """Return the event as JSON, in structured mode."""
    return JSONFormat().write(event)


def span_id(identifier: str) -> str:
    """Return the span id of an entry: 16 hexadecimal digits, always the same, never all zero."""
    return sha256(identifier.encode()).hexdigest()[:15] + "1"


def _event_data(type_: EventType, payload: Mapping[str, Any]) -> dict[str, Any]:
    data = {name: payload[name] for name in PAYLOAD_FIELDS[type_] if name in payload}
    advice = payload.get("recommendation") if type_ is EventType.RECOMMENDATION_GIVEN else None
    if advice:
        data |= {name: advice[name] for name in RECOMMENDATION_FIELDS if name in advice}
    return data
