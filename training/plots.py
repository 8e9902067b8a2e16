"""Pictures of a training, for the run's page. Drawn without a display."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

from models.model import Predictions
from models.ready import FitOptions
from models.task import Task
from models.training_set import TrainingSet
from training.reliability import coverage_by_site, reliability_plots
from training.views import Figures, view_figures

Floats = NDArray[np.float64]
SHOWN_FEATURES = 25


def plots(
    task: Task,
    measured: TrainingSet,
    answers: Predictions,
    gains: Mapping[str, float],
    views: Mapping[str, Figures] | None = None,
    coverage: float = FitOptions.coverage,
) -> dict[str, Figure]:
    """Figures by file name; those that the task or the rows do not allow are left out.

    views: of the same asks and answers; None makes them. coverage: rate that the class sets
    state.
    """
    drawn = {"feature_importance.png": importance(gains)}
    if len(measured):
        views = views or view_figures(task, measured, answers)
        sites = measured.site.astype(str)
        drawn |= reliability_plots(task, measured.label, sites, answers.probability, views)
        outer = task.quantiles[-1] - task.quantiles[0] if task.quantiles else None
        drawn["coverage_by_site.png"] = coverage_by_site(views, coverage, outer)
        drawn["precision_recall.png"] = precision_recall(task, measured.label, answers.probability)
    if measured.target is not None and answers.quantiles is not None:
        drawn["delay_error.png"] = delay_error(task, measured.target, answers.quantiles)
    return drawn


def importance(gains: Mapping[str, float]) -> Figure:
    """Share of the trees' total gain by feature, the greatest first."""
    total = sum(gains.values()) or 1.0
    top = sorted(gains.items(), key=lambda item: (-item[1], item[0]))[:SHOWN_FEATURES]
    figure, axes = blank("Feature importance", "share of total gain", "")
    places = np.arange(len(top))
    axes.barh(places, [gain / total for _, gain in top])
    axes.set_yticks(places, [name for name, _ in top], fontsize=7)
    axes.invert_yaxis()
    return figure


def precision_recall(task: Task, label: NDArray[np.int64], probability: Floats) -> Figure:
    """Precision against recall for the event, or for each class that occurs."""
    figure, axes = blank("Precision and recall", "recall", "precision")
    for number, name in _drawn(task):
        if (label == number).any():
            precision, recall, _ = precision_recall_curve(label == number, probability[:, number])
            axes.plot(recall, precision, label=name)
    if axes.lines:
        axes.legend(fontsize=7)
    return figure


def delay_error(task: Task, target: Floats, quantiles: Floats) -> Figure:
    """Actual minus middle predicted delay, where the actual delay is known."""
    told = np.isfinite(target)
    error = target[told] - quantiles[told, len(task.quantiles) // 2]
    figure, axes = blank("Error of the predicted delay", "actual - predicted, days", "asks")
    if len(error):
        low, high = np.percentile(error, [1, 99])
        axes.hist(np.clip(error, low, high), bins=40)
    return figure


def _drawn(task: Task) -> list[tuple[int, str]]:
    named = list(enumerate(task.classes))
    return named[1:] if task.binary else named


def blank(title: str, across: str, up: str) -> tuple[Figure, Axes]:
    """A picture with one pair of axes, drawn without a display."""
    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.set(title=title, xlabel=across, ylabel=up)
    return figure, axes
