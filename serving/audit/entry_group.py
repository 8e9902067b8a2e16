"""Groups of entries: what is kept equally long and exported together."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from serving.audit.entry import EntryKind


class EntryGroup(StrEnum):
    """A group of kinds."""

    ANSWERS = "answers"
    DECISIONS = "decisions"
    CHANGES = "changes"
    OTHER = "other"


KINDS: Mapping[EntryGroup, tuple[EntryKind, ...]] = {
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

KEPT = frozenset({*KINDS[EntryGroup.CHANGES], EntryKind.CHECKPOINT, EntryKind.ERASURE})
"""Kinds that are never erased: they hold no case, and replay, verification and access need them."""
