"""Audit entries as data frames: recommendations, answers and decisions, one row each."""

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
    """Return every answer that a model scored, in the order of the log.

    Columns as RECOMMENDATION_DTYPES. case_id: the parts of the case's reference, joined by "/".
    flagged: to be looked at, whether or not it was drawn for the audit. probabilities, delay_days,
    features: dicts. class_set, abstentions (codes), unseen, missing: lists. money_at_risk: in the
    case's own currency, NaN where it is unknown.

    Raises:
        AuditUnavailableError: the record cannot be read.
    """
    return _answers_to_frame(store.answers())


def answers_frame(store: AuditStore) -> pd.DataFrame:
    """Return every answer, as `recommendations_frame`; without a score its columns are missing.

    Raises:
        AuditUnavailableError: the record cannot be read.
    """
    return _answers_to_frame(
        entry for entry in store.of_kind(*ANSWER_KINDS) if entry.answers and entry.body
    )


def decisions_frame(store: AuditStore) -> pd.DataFrame:
    """Return every reported decision, in the order of the log; columns as DECISION_DTYPES.

    Raises:
        AuditUnavailableError: the record cannot be read.
    """
    rows = [
        {name: entry.payload[name] for name in DECISION_DTYPES}
        for entry in store.of_kind(EntryKind.DECISION)
        if entry.body is not None
    ]
    return _typed_frame(rows, DECISION_DTYPES)


def _answers_to_frame(entries: Iterable[Entry]) -> pd.DataFrame:
    return _typed_frame([_answer_row(entry) for entry in entries], RECOMMENDATION_DTYPES)


def _answer_row(entry: Entry) -> dict[str, Any]:
    payload = entry.payload
    advice = payload["recommendation"]
    model = advice["model"] or {"version": None, "digest": None}
    return {name: advice[name] for name in SHARED_COLUMNS} | {
        "sequence": entry.sequence,
        "case_id": entry.envelope.reference,
        "model_version": model["version"],
        "model_digest": model["digest"],
        "flagged": advice["flagged"],
        "abstained": advice["abstained"],
        "abstentions": [one["code"] for one in advice["abstentions"]],
        "audit_sample": advice["audit_sample"],
        "audit_share": advice["audit_share"],
        "features": payload.get("features", {}),
    }


def _typed_frame(rows: Sequence[Mapping[str, Any]], types: Mapping[str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(
        {name: pd.Series([row[name] for row in rows], dtype=object) for name in types}
    )
    for name, kind in types.items():
        is_timestamp, dtype = kind == TIMESTAMP_DTYPE, pd.api.types.pandas_dtype(kind)
        frame[name] = (
            pd.to_datetime(frame[name], utc=True, format="ISO8601").astype(dtype)
            if is_timestamp
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
    """Return every decision with the answer it is about, in the order of the log.

    An answer without a score names no model and no probability. Where a rule found something,
    the case was to be looked at, so its decision is a label like that of any flagged case; where
    no rule did, the reason why somebody looked is unknown, and training leaves it out.

    Raises:
        AuditUnavailableError: the record cannot be read.
    """
    decided = decisions_frame(store)
    answered = answers_frame(store).set_index("id")
    answers = answered.reindex(decided["recommendation_id"]).reset_index(drop=True)
    columns = {str(column): answers[name] for column, name in COLUMNS_FROM_RECOMMENDATION.items()}
    frame = pd.DataFrame({**decided, **columns})[[str(c) for c in DECISIONS.columns]]
    lines = np.arange(1, len(frame) + 1, dtype=np.int64)
    return SourceBatch(DECISIONS, frame, "audit", lines, raw=frame)
