"""Types of outgoing events, and the entry kinds they are made from."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from serving.audit.log.entry_kind import EntryKind


class EventType(StrEnum):
    """Type of an outgoing event."""

    RECOMMENDATION_GIVEN = "recommendation.given"
    DECISION_RECORDED = "decision.recorded"
    MODEL_PROMOTED = "model.promoted"
    MODEL_ROLLED_BACK = "model.rolled_back"
    MODEL_LOADED = "model.loaded"
    MODEL_REFUSED = "model.refused"
    ADVICE_PAUSED = "advice.paused"
    ADVICE_RESUMED = "advice.resumed"
    DRIFT_DETECTED = "drift.detected"


EVENT_TYPE_OF_KIND: Mapping[EntryKind, EventType] = {
    EntryKind.RECOMMENDATION: EventType.RECOMMENDATION_GIVEN,
    EntryKind.ABSTENTION: EventType.RECOMMENDATION_GIVEN,
    EntryKind.FALLBACK: EventType.RECOMMENDATION_GIVEN,
    EntryKind.DECISION: EventType.DECISION_RECORDED,
    EntryKind.MODEL_PROMOTED: EventType.MODEL_PROMOTED,
    EntryKind.MODEL_ROLLED_BACK: EventType.MODEL_ROLLED_BACK,
    EntryKind.MODEL_LOADED: EventType.MODEL_LOADED,
    EntryKind.MODEL_REFUSED: EventType.MODEL_REFUSED,
    EntryKind.ADVICE_PAUSED: EventType.ADVICE_PAUSED,
    EntryKind.ADVICE_RESUMED: EventType.ADVICE_RESUMED,
    EntryKind.DRIFT_DETECTED: EventType.DRIFT_DETECTED,
}
"""Event type of each entry kind that is sent; entries of other kinds are never sent."""


def entry_kinds_of(types: frozenset[EventType]) -> frozenset[EntryKind]:
    """Return the entry kinds that events of these types are made from."""
    return frozenset(kind for kind, type_ in EVENT_TYPE_OF_KIND.items() if type_ in types)
