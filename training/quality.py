"""How good a model's answers were on one fold, in a few numbers."""

from __future__ import annotations

import numpy as np

from models.model import Predictions
from models.task import Task
from models.training_set import TrainingSet
from training.metrics import Forecast, measures


def quality(task: Task, measured: TrainingSet, answers: Predictions) -> dict[str, float]:
    """Numbers by name; those that the rows do not allow (one class only) are left out."""
    rows = len(measured)
    if rows == 0:
        return {"rows": 0.0}
    forecast = Forecast(answers.probability, answers.quantiles)
    found = measures(measured.label, measured.target, forecast, task.classes, task.quantiles)
    covered = answers.class_set[np.arange(rows), measured.label]
    numbers = {name: measure(np.ones(rows)) for name, measure in found.items()}
    numbers |= {
        "rows": float(rows),
        "class_set_coverage": float(covered.mean()),
        "class_set_size": float(answers.class_set.sum(axis=1).mean()),
    }
    if task.binary:
        numbers["prevalence"] = float(measured.label.mean())
    return {name: float(value) for name, value in numbers.items() if np.isfinite(value)}
