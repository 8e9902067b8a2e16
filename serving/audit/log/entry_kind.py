"""Kinds of audit entries, and the groups that share retention and export."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class EntryKind(StrEnum):
    """Kind of an audit entry."""

    RECOMMENDATION = "recommendation"
    ABSTENTION = "abstention"
    FALLBACK = "fallback"
    DECISION = "decision"
    MODEL_PROMOTED = "model_promoted"
    MODEL_ROLLED_BACK = "model_rolled_back"
    POLICY_CHANGED = "policy_changed"
    POLICY_PROPOSED = "policy_proposed"
    POLICY_APPROVED = "policy_approved"
    CHECKPOINT = "checkpoint"
    ERASURE = "erasure"
    SERVICE_STARTED = "service_started"
    SERVICE_STOPPED = "service_stopped"
    REPORT_READ = "report_read"
    SHADOW = "shadow"
    MODEL_LOADED = "model_loaded"
    MODEL_REFUSED = "model_refused"
    CHALLENGER_SET = "challenger_set"
    CHALLENGER_ENDED = "challenger_ended"
    ADVICE_PAUSED = "advice_paused"
    ADVICE_RESUMED = "advice_resumed"
    EVENT_RECEIVED = "event_received"
    DRIFT_DETECTED = "drift_detected"
    KEY_CREATED = "key_created"
    KEY_REVOKED = "key_revoked"


SCORED_KINDS = frozenset({EntryKind.RECOMMENDATION, EntryKind.ABSTENTION})
"""Kinds whose payload holds a scored case and its answer."""
ANSWER_KINDS = SCORED_KINDS | {EntryKind.FALLBACK}
"""Kinds whose payload holds an answer, scored or not."""


class EntryGroup(StrEnum):
    """Group of kinds that share retention and an export file."""

    ANSWERS = "answers"
    DECISIONS = "decisions"
    CHANGES = "changes"
    OTHER = "other"


KINDS_OF_GROUP: Mapping[EntryGroup, tuple[EntryKind, ...]] = {
    EntryGroup.ANSWERS: (
        EntryKind.RECOMMENDATION,
        EntryKind.ABSTENTION,
        EntryKind.FALLBACK,
        EntryKind.SHADOW,
    ),
    EntryGroup.DECISIONS: (EntryKind.DECISION,),
    EntryGroup.CHANGES: (
        EntryKind.MODEL_PROMOTED,
        EntryKind.MODEL_ROLLED_BACK,
        EntryKind.MODEL_LOADED,
        EntryKind.MODEL_REFUSED,
        EntryKind.CHALLENGER_SET,
        EntryKind.CHALLENGER_ENDED,
        EntryKind.POLICY_CHANGED,
        EntryKind.POLICY_PROPOSED,
        EntryKind.POLICY_APPROVED,
        EntryKind.ADVICE_PAUSED,
        EntryKind.ADVICE_RESUMED,
        EntryKind.KEY_CREATED,
        EntryKind.KEY_REVOKED,
    ),
    EntryGroup.OTHER: (
        EntryKind.REPORT_READ,
        EntryKind.EVENT_RECEIVED,
        EntryKind.DRIFT_DETECTED,
        EntryKind.SERVICE_STARTED,
        EntryKind.SERVICE_STOPPED,
        EntryKind.CHECKPOINT,
        EntryKind.ERASURE,
    ),
}

PERMANENT_KINDS = frozenset(
    {*KINDS_OF_GROUP[EntryGroup.CHANGES], EntryKind.CHECKPOINT, EntryKind.ERASURE}
)
"""Kinds that are never erased: they hold no case, and replay, verification and access need them."""
