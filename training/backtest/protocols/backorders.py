"""backorders: will a part go on backorder in the week after its snapshot?

Prepared snapshots without dates: rows with equal features stay on one side of every split.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from data.sources.public_sets import backorders
from features.cases import Cases
from features.feature import feature_frame
from features.public_sets.backorders import FEATURES
from models.task import Task
from models.tasks.stock_risk import STOCK_RISK
from models.training_set import TrainingSet
from training.backtest.protocols.protocol import BacktestProtocol, ProtocolData
from training.parameters.parameter_files import load_parameters

SOURCE = "backorders"


def load_snapshots(task: Task, path: Path, later: Path | None) -> ProtocolData:
    """The snapshots of a folder; `later` is a folder to score, and is gathered by itself."""
    del later
    frame = backorders.read(path)
    snapshot = frame.drop(columns=backorders.LABEL)
    nothing = np.full(len(frame), "NaT", dtype="datetime64[us]")
    evidence = TrainingSet(
        inputs=feature_frame(task.features, _cases(snapshot)),
        label=frame[backorders.LABEL].to_numpy(dtype=np.int64),
        target=None,
        asked_at=nothing,
        matured_at=nothing,
        group=pd.util.hash_pandas_object(snapshot, index=False).to_numpy(),
        site=np.full(len(frame), "all", dtype=object),
        rules={
            "position_against_forecast": _uncovered_forecast_share(frame),
            "low_stock": -_stock_on_hand(frame),
        },
    )
    return ProtocolData(evidence, nothing[:0], {"read": len(frame), "accepted": len(frame)})


def _cases(snapshot: pd.DataFrame) -> Cases:
    return Cases(
        asked_at=np.full(len(snapshot), "NaT", dtype="datetime64[us]"),
        as_of=np.full(len(snapshot), "NaT", dtype="datetime64[D]"),
        columns={str(name): snapshot[name].to_numpy() for name in snapshot},
        children={},
        history={},
    )


def _stock_on_hand(frame: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.asarray(frame["national_inv"], dtype=np.float64)


def _uncovered_forecast_share(frame: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Share of the three-month forecast that stock and transit do not cover."""
    supply = _stock_on_hand(frame) + frame["in_transit_qty"].to_numpy()
    forecast = frame["forecast_3_month"].to_numpy()
    return np.asarray((forecast - supply) / (forecast + np.abs(supply) + 1.0), dtype=np.float64)


TASK = replace(
    STOCK_RISK,
    question="Will this part go on backorder in the week after the snapshot?",
    features=FEATURES,
    classes=("SERVED", "BACKORDER"),
    horizon_days=7,
)


def build_protocol() -> BacktestProtocol:
    """The protocol, with the parameters of the set's file."""
    chosen = load_parameters(SOURCE)
    return BacktestProtocol(
        source=SOURCE,
        task=chosen.task(TASK),
        gather=load_snapshots,
        dated=False,
        options=chosen.options,
    )
