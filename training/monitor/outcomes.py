"""Outcomes of recommended cases: training's own labels on the canonical tables, once matured."""

from __future__ import annotations

import pandas as pd

from data.contracts.sites import SITE_ID
from data.store import Store
from training.dataset.asks import ASKED_AT, Asks
from training.dataset.training_task import TrainingTask

RECOMMENDATION_ID = "recommendation_id"
CASE_ID = "case_id"
TASK = "task"
LABEL = "label"
TARGET = "target"
MATURED_AT = "matured_at"


def matured_outcomes(
    store: Store, training: TrainingTask, recommendations: pd.DataFrame
) -> pd.DataFrame:
    """Return one row per recommendation of the task whose case has ended.

    Columns: RECOMMENDATION_ID, CASE_ID, TASK, LABEL (class number), TARGET (the number that
    quantiles are of, NaN where there is none), MATURED_AT (UTC).
    """
    asks = _recommendations_as_asks(store, training, recommendations)
    labels = training.label_asks(store, asks, training.task)
    frame = pd.DataFrame(
        {
            RECOMMENDATION_ID: asks.frame["id"].to_numpy(dtype=object),
            CASE_ID: asks.frame[CASE_ID].to_numpy(dtype=object),
            TASK: str(training.task.name),
            LABEL: labels.label,
            TARGET: labels.target,
            MATURED_AT: pd.to_datetime(labels.matured_at, utc=True),
        }
    )
    return frame[labels.known].reset_index(drop=True)


def _recommendations_as_asks(
    store: Store, training: TrainingTask, recommendations: pd.DataFrame
) -> Asks:
    """Turn recommendations into asks that the labels can read.

    A case's id is its site and its own key, or only the key.
    """
    key = training.reference[-1]
    frame = recommendations[["id", CASE_ID, "site_id", "asked_at"]].reset_index(drop=True)
    frame = frame.rename(columns={"site_id": SITE_ID, "asked_at": ASKED_AT})
    frame[ASKED_AT] = frame[ASKED_AT].astype("datetime64[us, UTC]")
    frame[key] = [
        case.removeprefix(f"{site}/")
        for case, site in zip(frame[CASE_ID], frame[SITE_ID], strict=True)
    ]
    if training.add_outcome_facts is not None:
        frame = training.add_outcome_facts(store, frame)
    return Asks(training.shape, frame, {})
