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
    EntryGroup.ANSWERS: (EntryKind.RECOMMENDATION, EntryKind.ABSTENTION, EntryKind.FALLBACK),
    EntryGroup.DECISIONS: (EntryKind.DECISION,),
    EntryGroup.CHANGES: (
        EntryKind.MODEL_PROMOTED,
        EntryKind.MODEL_ROLLED_BACK,
        EntryKind.POLICY_CHANGED,
    ),
    EntryGroup.OTHER: (
        EntryKind.REPORT_READ,
        EntryKind.SERVICE_STARTED,
        EntryKind.SERVICE_STOPPED,
        EntryKind.CHECKPOINT,
        EntryKind.ERASURE,
    ),
}

KEPT = frozenset({*KINDS[EntryGroup.CHANGES], EntryKind.CHECKPOINT, EntryKind.ERASURE})
"""Kinds that are never erased: they hold no case, and replay and verification need them."""
