"""A protocol over made-up asks, quick to backtest."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.calibration.calibrators import CalibrationMethod
from models.fitting.preparation import FitOptions, RefitScope
from models.training_set import TrainingSet
from tests.support import synthetic_task
from training.backtest.protocols.protocol import BacktestProtocol, ProtocolData

QUICK = FitOptions(
    refit=RefitScope.ALL, rounds=8, calibrations=(CalibrationMethod.IDENTITY,), shifted=False
)


def asks(rows: int = 900, classes: int = 2, *, seed: int = 0, dated: bool = True) -> TrainingSet:
    """Ten asks a day, a rule and two segments; every third group of asks shares its end."""
    made = synthetic_task.draw_training_set(rows, classes, seed=seed, dated=dated).training
    asked = np.datetime64("2026-01-01", "us") + np.arange(rows) * np.timedelta64(144, "m")
    dates = {"asked_at": asked, "matured_at": asked + np.timedelta64(2, "D")}
    return replace(
        made,
        target=None,
        segments={"early": np.arange(rows) % 2 == 0},
        rules={"low_cover": -made.inputs["cover"].to_numpy()},
        **(dates if dated else {}),
    )


def protocol(evidence: TrainingSet, classes: int = 2, *, dated: bool = True) -> BacktestProtocol:
    return protocol_of(lambda: evidence, classes, dated=dated)


def protocol_of(
    evidence: Callable[[], TrainingSet], classes: int = 2, *, dated=True
) -> BacktestProtocol:
    """A protocol whose asks are what `evidence` answers when the source is read."""

    def gather(task, path: Path, later: Path | None) -> ProtocolData:
        found = evidence()
        return ProtocolData(found, np.array([], "datetime64[us]"), {"read": len(found)})

    return BacktestProtocol(
        "made_up", synthetic_task.make_task(classes), gather, dated=dated, options=QUICK
    )
