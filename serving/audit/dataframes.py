"""Audit entries as data frames: recommendations, answers and decisions, one row each.

What an entry did not yet say when it was written (an old one) is filled with what was true
then: no abstention, no audit sample.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from data.contracts import decisions as contract
from data.contracts.decisions import DECISIONS
from data.source_batch import SourceBatch
from serving.audit.log.entry import Entry
from serving.audit.log.entry_kind import ANSWER_KINDS, EntryKind
from serving.audit.log.store import AuditStore
from serving.policy.policy import Level
from serving.tasks.catalogue import SERVED_TASKS

TIMESTAMP_DTYPE = "datetime64[us, UTC]"
RECOMMENDATION_DTYPES: Mapping[str, str] = {
    "sequence": "int64",
    "id": "object",
    "task": "object",
    "site_id": "object",
    "case_id": "object",
    "asked_at": TIMESTAMP_DTYPE,
    "answered_at": TIMESTAMP_DTYPE,
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
DECISION_DTYPES: Mapping[str, str] = {
    "decision_id": "object",
    "recommendation_id": "object",
    "action": "object",
    "resolved_as": "object",
    "reason": "object",
    "role": "object",
    "happened_at": TIMESTAMP_DTYPE,
    "known_at": TIMESTAMP_DTYPE,
}
SHARED_COLUMNS = (
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


def recommendations_frame(store: AuditStore) -> pd.DataFrame:
    """Every answer that a model scored, in order, with TYPES_OF_RECOMMENDATIONS.

    case_id: the case's own reference, joined by "/". flagged: to be looked at, whether or not
    it was drawn for the audit. probabilities, delay_days, features: dicts. class_set,
    abstentions (codes), unseen, missing: lists. money_at_risk: NaN where it could not be
    told; in the case's own currency.

    Raises:
        serving.audit.log.store.AuditUnavailableError: the record cannot be read.
    """
    return _answers_to_frame(store.answers())


def answers_frame(store: AuditStore) -> pd.DataFrame:
    """The same of every answer, with a score or without: then model, score and features lack.

    Raises:
        serving.audit.log.store.AuditUnavailableError: the record cannot be read.
    """
    return _answers_to_frame(
        entry for entry in store.of_kind(*ANSWER_KINDS) if entry.answers and entry.body
    )


def decisions_frame(store: AuditStore) -> pd.DataFrame:
    """Every decision that was reported, in the order of the record, with TYPES_OF_DECISIONS.

    Raises:
        serving.audit.log.store.AuditUnavailableError: the record cannot be read.
    """
    rows = [
        {name: entry.payload[name] for name in DECISION_DTYPES}
        for entry in store.of_kind(EntryKind.DECISION)
        if entry.body is not None
    ]
    return _typed_frame(rows, DECISION_DTYPES)


def _answers_to_frame(entries: Iterable[Entry]) -> pd.DataFrame:
    references = {str(name): task.reference for name, task in SERVED_TASKS.items()}
    rows = [_recommendation_row(entry, references) for entry in entries]
    return _typed_frame(rows, RECOMMENDATION_DTYPES)


def _recommendation_row(entry: Entry, references: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """A row. The record sorts the names in an object, so a case's parts are put in order."""
    payload = entry.payload
    advice = payload["recommendation"]
    case, parts = advice["case"], references[advice["task"]]
    model = advice["model"] or {"version": None, "digest": None}
    return {name: advice[name] for name in SHARED_COLUMNS} | {
        "sequence": entry.sequence,
        "case_id": "/".join(case[part] for part in parts),
        "model_version": model["version"],
        "model_digest": model["digest"],
        "flagged": is_flagged(advice),
        "abstained": advice.get("abstained", False),
        "abstentions": [one["code"] for one in advice.get("abstentions", ())],
        "audit_sample": advice.get("audit_sample", False),
        "audit_share": advice.get("audit_share", 0.0),
        "features": payload.get("features", {}),
    }


def is_flagged(advice: Mapping[str, Any]) -> bool:
    """Whether the case was to be looked at even if it had not been drawn at random.

    Before that was recorded there was no audit sample, and the level says it.
    """
    told = advice.get("flagged")
    return advice["level"] != Level.NONE if told is None else bool(told)


def _typed_frame(rows: Sequence[Mapping[str, Any]], types: Mapping[str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(
        {name: pd.Series([row[name] for row in rows], dtype=object) for name in types}
    )
    for name, kind in types.items():
        moment, dtype = kind == TIMESTAMP_DTYPE, pd.api.types.pandas_dtype(kind)
        frame[name] = (
            pd.to_datetime(frame[name], utc=True, format="ISO8601").astype(dtype)
            if moment
            else frame[name].astype(dtype)
        )
    return frame


COLUMNS_FROM_RECOMMENDATION: Mapping[str, str] = {
    contract.TASK: "task",
    contract.CASE_ID: "case_id",
    contract.DECIDED_SITE: "site_id",
    contract.RECOMMENDED_CLASS: "explained_class",
    contract.EXCEPTION_PROBABILITY: "exception_probability",
    contract.FLAGGED: "flagged",
    contract.AUDIT_SAMPLE: "audit_sample",
    contract.AUDIT_SHARE: "audit_share",
    contract.MODEL_VERSION: "model_version",
    contract.ASKED_AT: "asked_at",
    contract.ANSWERED_AT: "answered_at",
}


def canonical_decisions_batch(store: AuditStore) -> SourceBatch:
    """Every decision with what it answered, in the order of the record.

    An answer without a score names no model and no probability. Where a rule found something,
    everybody was to look at the case, so what was decided is a label like that of any flagged
    one; where none did, nobody knows why it was looked at, and it teaches nothing.

    Raises:
        serving.audit.log.store.AuditUnavailableError: the record cannot be read.
    """
    decided = decisions_frame(store)
    answered = answers_frame(store).set_index("id")
    of = answered.reindex(decided["recommendation_id"]).reset_index(drop=True)
    told = {str(column): of[name] for column, name in COLUMNS_FROM_RECOMMENDATION.items()}
    frame = pd.DataFrame({**decided, **told})[[str(c) for c in DECISIONS.columns]]
    lines = np.arange(1, len(frame) + 1, dtype=np.int64)
    return SourceBatch(DECISIONS, frame, "audit", lines, raw=frame)
