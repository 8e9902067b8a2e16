"""Decisions on record as the canonical table that training reads labels from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from data.batch import Batch
from data.contracts import decisions as contract
from data.contracts.decisions import DECISIONS
from serving.audit.frames import answers, decisions
from serving.audit.store import AuditStore

OF_RECOMMENDATION: Mapping[str, str] = {
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


def canonical_decisions(store: AuditStore) -> Batch:
    """Every decision with what it answered, in the order of the record.

    An answer without a score names no model and no probability. Where a rule found something,
    everybody was to look at the case, so what was decided is a label like that of any flagged
    one; where none did, nobody knows why it was looked at, and it teaches nothing.

    Raises:
        serving.audit.store.AuditUnavailableError: the record cannot be read.
    """
    decided = decisions(store)
    answered = answers(store).set_index("id")
    of = answered.reindex(decided["recommendation_id"]).reset_index(drop=True)
    told = {str(column): of[name] for column, name in OF_RECOMMENDATION.items()}
    frame = pd.DataFrame({**decided, **told})[[str(c) for c in DECISIONS.columns]]
    lines = np.arange(1, len(frame) + 1, dtype=np.int64)
    return Batch(DECISIONS, frame, "audit", lines, raw=frame)
