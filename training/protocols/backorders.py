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
from training.parameters.read import parameters
from training.protocols.protocol import Gathered, Protocol

SOURCE = "backorders"


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


ASKED = replace(
    TASKS[TaskName.STOCK_RISK],
    question="Will this part go on backorder in the week after the snapshot?",
    features=FEATURES,
    classes=("SERVED", "BACKORDER"),
    horizon_days=7,
)


def protocol() -> Protocol:
    """The protocol, with the parameters of the set's file."""
    chosen = parameters(SOURCE)
    return Protocol(
        source=SOURCE,
        task=chosen.task(ASKED),
        gather=gather,
        dated=False,
        options=chosen.options,
    )
