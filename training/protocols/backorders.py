"""backorders: will a part go on backorder in the week after its snapshot?

Prepared snapshots without dates: rows with equal features stay on one side of every split.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from data.sources import backorders
from features.cases import Cases
from features.inputs import inputs
from features.request.part_snapshot import FEATURES
from models.catalogue import TASKS
from models.task import Task, TaskName
from models.training_set import TrainingSet
from training.protocols.protocol import Gathered, Protocol, steady


def gather(task: Task, path: Path, later: Path | None) -> Gathered:
    """The snapshots of a folder; `later` is a folder to score, and is gathered by itself."""
    del later
    frame = backorders.read(path)
    snapshot = frame.drop(columns=backorders.LABEL)
    nothing = np.full(len(frame), "NaT", dtype="datetime64[us]")
    evidence = TrainingSet(
        inputs=inputs(task.features, _cases(snapshot)),
        label=frame[backorders.LABEL].to_numpy(dtype=np.int64),
        target=None,
        asked_at=nothing,
        matured_at=nothing,
        group=pd.util.hash_pandas_object(snapshot, index=False).to_numpy(),
        site=np.full(len(frame), "all", dtype=object),
        rules={"position_against_forecast": _short(frame), "low_stock": -_number(frame)},
    )
    return Gathered(evidence, nothing[:0], {"read": len(frame), "accepted": len(frame)})


def _cases(snapshot: pd.DataFrame) -> Cases:
    return Cases(
        asked_at=np.full(len(snapshot), "NaT", dtype="datetime64[us]"),
        as_of=np.full(len(snapshot), "NaT", dtype="datetime64[D]"),
        columns={str(name): snapshot[name].to_numpy() for name in snapshot},
        children={},
        history={},
    )


def _number(frame: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.asarray(frame["national_inv"], dtype=np.float64)


def _short(frame: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Share of the three-month forecast that stock and transit do not cover."""
    supply = _number(frame) + frame["in_transit_qty"].to_numpy()
    forecast = frame["forecast_3_month"].to_numpy()
    return np.asarray((forecast - supply) / (forecast + np.abs(supply) + 1.0), dtype=np.float64)


TASK = replace(
    TASKS[TaskName.STOCK_RISK],
    question="Will this part go on backorder in the week after the snapshot?",
    features=FEATURES,
    classes=("SERVED", "BACKORDER"),
    horizon_days=7,
    lightgbm={
        "learning_rate": 0.03,
        "num_leaves": 31,
        "min_data_in_leaf": 100,
        "lambda_l2": 20.0,
        "feature_fraction": 0.4,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "path_smooth": 20.0,
    },
)

BACKORDERS = Protocol(
    source="backorders",
    task=TASK,
    gather=gather,
    dated=False,
    options=steady(rounds=300),
)
