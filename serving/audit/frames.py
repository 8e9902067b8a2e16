"""The record as frames: one row a recommendation, one row a decision.

What an entry did not yet say when it was written (an old one) is filled with what was true
then: no abstention, no audit sample.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from serving.audit.entry import ANSWERS, Entry, EntryKind
from serving.audit.store import AuditStore
from serving.catalogue import served
from serving.policy.policy import Level

MOMENT = "datetime64[us, UTC]"
TYPES_OF_RECOMMENDATIONS: Mapping[str, str] = {
    "sequence": "int64",
    "id": "object",
    "task": "object",
    "site_id": "object",
    "case_id": "object",
    "asked_at": MOMENT,
    "answered_at": MOMENT,
    "model_version": "object",
    "model_digest": "object",
    "explained_class": "object",
    "probability": "float64",
    "exception_probability": "float64",
    "probabilities": "object",
    "class_set": "object",
    "delay_days": "object",
    "level": "object",
    "flagged": "bool",
    "abstained": "bool",
    "abstentions": "object",
    "audit_sample": "bool",
    "audit_share": "float64",
    "unseen": "object",
    "missing": "object",
    "features": "object",
    "money_at_risk": "float64",
}
TYPES_OF_DECISIONS: Mapping[str, str] = {
    "decision_id": "object",
    "recommendation_id": "object",
    "action": "object",
    "resolved_as": "object",
    "reason": "object",
    "role": "object",
    "happened_at": MOMENT,
    "known_at": MOMENT,
}
SAME = (
    "id",
    "task",
    "site_id",
    "asked_at",
    "answered_at",
    "explained_class",
    "probability",
    "exception_probability",
    "probabilities",
    "class_set",
    "delay_days",
    "level",
    "unseen",
    "missing",
    "money_at_risk",
)
"""Columns that an answer has under the same name."""


def recommendations(store: AuditStore) -> pd.DataFrame:
    """Every answer that a model scored, in order, with TYPES_OF_RECOMMENDATIONS.

    case_id: the case's own reference, joined by "/". flagged: to be looked at, whether or not
    it was drawn for the audit. probabilities, delay_days, features: dicts. class_set,
    abstentions (codes), unseen, missing: lists. money_at_risk: NaN where it could not be
    told; in the case's own currency.

    Raises:
        serving.audit.store.AuditUnavailableError: the record cannot be read.
    """
    return _answered(store.answers())


def answers(store: AuditStore) -> pd.DataFrame:
    """The same of every answer, with a score or without: then model, score and features lack.

    Raises:
        serving.audit.store.AuditUnavailableError: the record cannot be read.
    """
    return _answered(entry for entry in store.of_kind(*ANSWERS) if entry.answers and entry.body)


def decisions(store: AuditStore) -> pd.DataFrame:
    """Every decision that was reported, in the order of the record, with TYPES_OF_DECISIONS.

    Raises:
        serving.audit.store.AuditUnavailableError: the record cannot be read.
    """
    rows = [
        {name: entry.payload[name] for name in TYPES_OF_DECISIONS}
        for entry in store.of_kind(EntryKind.DECISION)
        if entry.body is not None
    ]
    return _frame(rows, TYPES_OF_DECISIONS)


def _answered(entries: Iterable[Entry]) -> pd.DataFrame:
    references = {str(name): task.reference for name, task in served().items()}
    rows = [_recommendation(entry, references) for entry in entries]
    return _frame(rows, TYPES_OF_RECOMMENDATIONS)


def _recommendation(entry: Entry, references: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """A row. The record sorts the names in an object, so a case's parts are put in order."""
    payload = entry.payload
    advice = payload["recommendation"]
    case, parts = advice["case"], references[advice["task"]]
    model = advice["model"] or {"version": None, "digest": None}
    return {name: advice[name] for name in SAME} | {
        "sequence": entry.sequence,
        "case_id": "/".join(case[part] for part in parts),
        "model_version": model["version"],
        "model_digest": model["digest"],
        "flagged": flagged(advice),
        "abstained": advice.get("abstained", False),
        "abstentions": [one["code"] for one in advice.get("abstentions", ())],
        "audit_sample": advice.get("audit_sample", False),
        "audit_share": advice.get("audit_share", 0.0),
        "features": payload.get("features", {}),
    }


def flagged(advice: Mapping[str, Any]) -> bool:
    """Whether the case was to be looked at even if it had not been drawn at random.

    Before that was recorded there was no audit sample, and the level says it.
    """
    told = advice.get("flagged")
    return advice["level"] != Level.NONE if told is None else bool(told)


def _frame(rows: Sequence[Mapping[str, Any]], types: Mapping[str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(
        {name: pd.Series([row[name] for row in rows], dtype=object) for name in types}
    )
    for name, kind in types.items():
        moment, dtype = kind == MOMENT, pd.api.types.pandas_dtype(kind)
        frame[name] = (
            pd.to_datetime(frame[name], utc=True, format="ISO8601").astype(dtype)
            if moment
            else frame[name].astype(dtype)
        )
    return frame
