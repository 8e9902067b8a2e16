"""Reproducible drafts of every kind of entry, for the logs under attack.

The payloads have the shape of schema 2 and made-up values: golden files must not change because
a feature or a wording of the service does.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from serving.audit.log.entry import SCHEMA_VERSION, Draft
from serving.audit.log.entry_kind import EntryKind

START = datetime(2026, 1, 30, 23, tzinfo=UTC)  # so that a log of some entries spans two months
STEP = timedelta(minutes=7)
SITES = ("site_01", "site_02", "site_07")
KINDS = (
    EntryKind.RECOMMENDATION,
    EntryKind.RECOMMENDATION,
    EntryKind.ABSTENTION,
    EntryKind.RECOMMENDATION,
    EntryKind.DECISION,
    EntryKind.RECOMMENDATION,
    EntryKind.RECOMMENDATION,
    EntryKind.REPORT_READ,
)
BY = {
    EntryKind.SERVICE_STARTED: {"version": "0.1.0"},
    EntryKind.SERVICE_STOPPED: {"signal": "SIGTERM"},
    EntryKind.FALLBACK: {"why": "the model is not loaded"},
    EntryKind.MODEL_PROMOTED: {"task": "stock_risk", "version": "4", "reason": "passed its gates"},
    EntryKind.MODEL_ROLLED_BACK: {"task": "stock_risk", "version": "3", "reason": "worse at S03"},
    EntryKind.POLICY_CHANGED: {
        "policy": {"flag": {"stock_risk": 0.3}},
        "version": "2",
        "before": None,
    },
    EntryKind.REPORT_READ: {"by": "person-0123456789abcdef0123456789abcdef", "role": "auditor"},
}
RARE = {
    1: EntryKind.SERVICE_STARTED,
    2: EntryKind.POLICY_CHANGED,
    3: EntryKind.MODEL_PROMOTED,
    13: EntryKind.FALLBACK,
    15: EntryKind.MODEL_ROLLED_BACK,
    17: EntryKind.SERVICE_STOPPED,
    18: EntryKind.SERVICE_STARTED,
}
"""Kinds that a log has once or twice, by the sequence they get."""


def moment(sequence: int) -> str:
    """Return the time at which an entry is recorded."""
    return (START + sequence * STEP).isoformat()


def name_of(sequence: int) -> str:
    """Return the id of an entry, in the form of a UUID."""
    text = sha256(f"entry {sequence}".encode()).hexdigest()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:32]))


def draft(sequence: int) -> Draft:
    """Return the draft of an entry that is neither a checkpoint nor an erasure."""
    kind = RARE.get(sequence) or KINDS[sequence % len(KINDS)]
    match kind:
        case EntryKind.RECOMMENDATION | EntryKind.ABSTENTION:
            return made(sequence, kind, answer(sequence, kind))
        case EntryKind.DECISION:
            return made(sequence, kind, decision(sequence), about=name_of(sequence - 1))
        case _:
            return made(sequence, kind, BY[kind])


def made(sequence: int, kind: EntryKind, fields: dict[str, Any], about: str | None = None) -> Draft:
    """Build a draft of a kind from its payload fields."""
    answered = kind in {EntryKind.RECOMMENDATION, EntryKind.ABSTENTION}
    head = {"schema": SCHEMA_VERSION, "kind": str(kind), "context": context(sequence)}
    return Draft(
        id=name_of(sequence),
        kind=kind,
        about=name_of(sequence) if about is None else about,
        task="stock_risk" if answered else "",
        site=SITES[sequence % len(SITES)] if answered else "",
        reference=f"item_{sequence % 9:04}" if answered else "",
        priority=round(sequence % 13 * 17.35, 2) if answered else 0.0,
        recorded_at=moment(sequence),
        payload=head | fields,
        picked=answered and sequence % 5 == 0,
    )


def context(sequence: int) -> dict[str, Any]:
    """Return the request context recorded with an entry."""
    return {
        "trace_id": sha256(f"trace {sequence}".encode()).hexdigest()[:32],
        "idempotency_key": f"key-{sequence}" if sequence % 3 == 0 else None,
        "caller": "orchestrator",
        "code_version": "0.1.0",
        "monotonic_ns": sequence * 420_000_000_123,
    }


def answer(sequence: int, kind: EntryKind) -> dict[str, Any]:
    """Return the payload fields of a scored answer."""
    chance = round((sequence * 37 % 100) / 100 + 0.001, 3)
    return {
        "provenance": {"alias": "champion", "model": {"version": "4", "digest": "ab" * 32}},
        "input": {"item_id": f"item_{sequence % 9:04}", "on_hand": sequence * 3, "unit": "Stück"},
        "history": {"demand_28": None if sequence % 4 else sequence / 7},
        "features": {"cover": sequence / 3},
        "score": {"probability": chance, "low": chance / 2, "high": 1.0},
        "recommendation": {"level": "high", "abstained": kind is EntryKind.ABSTENTION},
    }


def decision(sequence: int) -> dict[str, Any]:
    """Return the payload fields of a person's decision on the previous answer."""
    return {
        "recommendation_id": name_of(sequence - 1),
        "action": "overridden",
        "role": "planner",
        "person": f"person-{sha256(b'ada').hexdigest()[:32]}",
        "reason": "Lieferung bestätigt — kommt morgen",
    }
