"""Plots of a training run: feature importance, precision and recall, delay error."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

from models.fitting.preparation import FitOptions
from models.model import Predictions
from models.task import Task
from models.training_set import TrainingSet
from training.evaluation.reliability_diagram import coverage_by_site_plot, reliability_plots
from training.evaluation.segment_figures import SegmentFigures, figures_by_segment

Floats = NDArray[np.float64]
SHOWN_FEATURES = 25


def training_plots(
    task: Task,
    measured: TrainingSet,
    answers: Predictions,
    gains: Mapping[str, float],
    views: Mapping[str, SegmentFigures] | None = None,
    coverage: float = FitOptions.coverage,
) -> dict[str, Figure]:
    """Figures by file name; those that the task or the rows do not allow are left out.

    views: of the same asks and answers; None makes them. coverage: rate that the class sets
    state.
    """
    figures = {"feature_importance.png": feature_importance_plot(gains)}
    if len(measured):
        views = views or figures_by_segment(task, measured, answers)
        sites = measured.site.astype(str)
        figures |= reliability_plots(task, measured.label, sites, answers.probability, views)
        outer = task.quantiles[-1] - task.quantiles[0] if task.quantiles else None
        figures["coverage_by_site.png"] = coverage_by_site_plot(views, coverage, outer)
        figures["precision_recall.png"] = precision_recall_plot(
            task, measured.label, answers.probability
        )
    if measured.target is not None and answers.quantiles is not None:
        figures["delay_error.png"] = delay_error_plot(task, measured.target, answers.quantiles)
    return figures


def feature_importance_plot(gains: Mapping[str, float]) -> Figure:
    """Share of the trees' total gain by feature, the greatest first."""
    total = sum(gains.values()) or 1.0
    top = sorted(gains.items(), key=lambda item: (-item[1], item[0]))[:SHOWN_FEATURES]
    figure, axes = new_figure("Feature importance", "share of total gain", "")
    places = np.arange(len(top))
    axes.barh(places, [gain / total for _, gain in top])
    axes.set_yticks(places, [name for name, _ in top], fontsize=7)
    axes.invert_yaxis()
    return figure


def precision_recall_plot(task: Task, label: NDArray[np.int64], probability: Floats) -> Figure:
    """Precision against recall for the event, or for each class that occurs."""
    figure, axes = new_figure("Precision and recall", "recall", "precision")
    for number, name in _plotted_classes(task):
        if (label == number).any():
            precision, recall, _ = precision_recall_curve(label == number, probability[:, number])
            axes.plot(recall, precision, label=name)
    if axes.lines:
        axes.legend(fontsize=7)
    return figure


def delay_error_plot(task: Task, target: Floats, quantiles: Floats) -> Figure:
    """Actual minus middle predicted delay, where the actual delay is known."""
    known = np.isfinite(target)
    error = target[known] - quantiles[known, len(task.quantiles) // 2]
    figure, axes = new_figure("Error of the predicted delay", "actual - predicted, days", "asks")
    if len(error):
        low, high = np.percentile(error, [1, 99])
        axes.hist(np.clip(error, low, high), bins=40)
    return figure


def _plotted_classes(task: Task) -> list[tuple[int, str]]:
    named = list(enumerate(task.classes))
    return named[1:] if task.binary else named


def new_figure(title: str, across: str, up: str) -> tuple[Figure, Axes]:
    """A picture with one pair of axes, drawn without a display."""
    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.set(title=title, xlabel=across, ylabel=up)
    return figure, axes
