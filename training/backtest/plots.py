"""Plots of a backtest: reliability, precision and recall, figures over the folds.

Drawn without a display.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

from training.backtest.figures import ALL, CHAMPION, MODEL, ScoredAsks
from training.backtest.report import spaced_name
from training.backtest.rolling_origin import RollingBacktest
from training.evaluation.plots import new_figure

BINS = 10
FIGURES_OVER_FOLDS = {"log_loss": "log-loss", "pr_auc": "PR-AUC", "ece": "calibration error"}


def plot_forecasts(scored: ScoredAsks) -> dict[str, Figure]:
    """Reliability and precision-recall of every forecast, of any exception against none."""
    if not len(scored.asks):
        return {}
    told = {
        name: 1 - forecast.probability[:, 0]
        for name, forecast in scored.forecasts.items()
        if name != CHAMPION
    }
    event = scored.asks.label != 0
    return {
        "reliability.png": _reliability(told, event),
        "precision_recall.png": _precision_recall(told, event),
    }


def plot_over_folds(rolled: RollingBacktest) -> dict[str, Figure]:
    """One picture a figure: every stretch, the model with its interval."""
    return {
        f"{name}_over_folds.png": _over_folds(rolled, name, title)
        for name, title in FIGURES_OVER_FOLDS.items()
    }


def _reliability(told: Mapping[str, NDArray[Any]], event: NDArray[np.bool_]) -> Figure:
    """Share that happened against what was said, in bins of about as many asks.

    Equal probabilities are in one bin.
    """
    figure, axes = new_figure(
        "Reliability, any exception", "probability said", "share that happened"
    )
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    for name, said in told.items():
        edges = np.unique(np.quantile(said, np.arange(1, BINS) / BINS))
        bins = np.searchsorted(edges, said, side="left")
        filled = np.unique(bins)
        happened = [event[bins == k].mean() for k in filled]
        axes.plot([said[bins == k].mean() for k in filled], happened, **_line(name))
    axes.legend(fontsize=7)
    return figure


def _precision_recall(told: Mapping[str, NDArray[Any]], event: NDArray[np.bool_]) -> Figure:
    figure, axes = new_figure("Precision and recall, any exception", "recall", "precision")
    if event.any():
        for name, said in told.items():
            precision, recall, _ = precision_recall_curve(event, said)
            axes.plot(recall, precision, **(_line(name) | {"marker": ""}))
        axes.legend(fontsize=7)
    return figure


def _over_folds(rolled: RollingBacktest, metric: str, title: str) -> Figure:
    names = [stretch.name for stretch in rolled.stretches]
    figure, axes = new_figure(f"{title} of each stretch", "stretch", title)
    places = np.arange(len(names))
    own = [fold["segments"][ALL]["metrics"].get(metric, {}) for fold in rolled.folds]
    value, low, high = (_values(own, end) for end in ("value", "low", "high"))
    # An interval of percentiles need not hold the value itself where asks are few.
    away = np.fmax(np.vstack([value - low, high - value]), 0.0)
    axes.errorbar(places, value, yerr=away, capsize=4, **_line(MODEL))
    for name in rolled.folds[0]["baselines"]:
        others = [fold["baselines"][name].get(metric, {}) for fold in rolled.folds]
        axes.plot(places, _values(others, "value"), **_line(name))
    axes.set_xticks(places, names, fontsize=7)
    axes.legend(fontsize=7)
    return figure


def _values(figures: Sequence[Mapping[str, Any]], end: str) -> NDArray[np.float64]:
    told = [figure.get(end) for figure in figures]
    return np.array([np.nan if value is None else value for value in told], dtype=np.float64)


def _line(name: str) -> dict[str, Any]:
    """The model stands out."""
    own = name == MODEL
    return {
        "label": spaced_name(name),
        "marker": "o",
        "linewidth": 2.2 if own else 1.0,
        "alpha": 1.0 if own else 0.7,
        "color": "black" if own else None,
    }
