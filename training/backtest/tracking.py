"""Log backtests and their plots to MLflow: one run per backtest, with a nested run per fold.

Metrics have the same names everywhere, so that runs can be compared: the model's on all asks
plainly (`log_loss`), those of others and of segments under their names
(`lightgbm_defaults/log_loss`, `rdc/log_loss`). Plots are drawn without a display.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

from training.backtest.figures import ALL, CHAMPION, MODEL, ScoredAsks
from training.backtest.report import rolling_markdown, spaced_name
from training.backtest.rolling_origin import RollingBacktest
from training.dataset.manifest import code_digest
from training.evaluation.plots import new_figure
from training.evaluation.reliability_diagram import draw_reliability, reliability_bins
from training.registry.mlflow_registry import MlflowRegistry

FIGURES_OVER_FOLDS = {"log_loss": "log-loss", "pr_auc": "PR-AUC", "ece": "calibration error"}


def plot_forecasts(scored: ScoredAsks) -> dict[str, Figure]:
    """Plot reliability and precision-recall of every forecast, any exception against none."""
    if not len(scored.asks):
        return {}
    probabilities = {
        name: 1 - forecast.probability[:, 0]
        for name, forecast in scored.forecasts.items()
        if name != CHAMPION
    }
    event = scored.asks.label != 0
    return {
        "reliability.png": _reliability(probabilities, event),
        "precision_recall.png": _precision_recall(probabilities, event),
    }


def plot_over_folds(rolled: RollingBacktest) -> dict[str, Figure]:
    """Plot each metric over the stretches, the model's with its interval."""
    return {
        f"{name}_over_folds.png": _over_folds(rolled, name, title)
        for name, title in FIGURES_OVER_FOLDS.items()
    }


def _reliability(probabilities: Mapping[str, NDArray[Any]], event: NDArray[np.bool_]) -> Figure:
    """Draw the forecasts in one diagram, without their intervals, which would overlap."""
    figure, axes = new_figure(
        "Reliability, any exception", "probability said", "share that happened"
    )
    for name, probability in probabilities.items():
        bins = reliability_bins(event, probability)
        draw_reliability(axes, bins, line=_line(name), intervals=False)
    axes.legend(fontsize=7)
    return figure


def _precision_recall(
    probabilities: Mapping[str, NDArray[Any]], event: NDArray[np.bool_]
) -> Figure:
    figure, axes = new_figure("Precision and recall, any exception", "recall", "precision")
    if event.any():
        for name, probability in probabilities.items():
            precision, recall, _ = precision_recall_curve(event, probability)
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
    error = np.fmax(np.vstack([value - low, high - value]), 0.0)
    axes.errorbar(places, value, yerr=error, capsize=4, **_line(MODEL))
    for name in rolled.folds[0]["baselines"]:
        others = [fold["baselines"][name].get(metric, {}) for fold in rolled.folds]
        axes.plot(places, _values(others, "value"), **_line(name))
    axes.set_xticks(places, names, fontsize=7)
    axes.legend(fontsize=7)
    return figure


def _values(figures: Sequence[Mapping[str, Any]], end: str) -> NDArray[np.float64]:
    values = [figure.get(end) for figure in figures]
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _line(name: str) -> dict[str, Any]:
    """Return the line style of a forecast; the model's stands out."""
    own = name == MODEL
    return {
        "label": spaced_name(name),
        "marker": "o",
        "linewidth": 2.2 if own else 1.0,
        "alpha": 1.0 if own else 0.7,
        "color": "black" if own else None,
    }


Figures = Mapping[str, Any]
FORBIDDEN_IN_NAMES = re.compile(r"[^\w\-. /]")
"""What MLflow takes in no name on every system."""
MLFLOW_BATCH_SIZE = 1000


def track_rolling_backtest(registry: MlflowRegistry, rolled: RollingBacktest) -> str:
    """Record a rolling backtest; the id of its run."""
    mlflow, figures = registry.mlflow, rolled.figures
    experiment = registry.experiment(f"{figures['task']} backtests")
    name = f"{figures['source']}, {len(rolled.folds)} folds"
    with mlflow.start_run(experiment_id=experiment, run_name=name) as run:
        _log(mlflow, run.info.run_id, figures, {"folds": len(rolled.folds)})
        for picture, figure in (plot_forecasts(rolled.scored) | plot_over_folds(rolled)).items():
            mlflow.log_figure(figure, f"plots/{picture}")
        mlflow.log_text(rolling_markdown(rolled), "table.md")
        mlflow.log_dict({**figures, "each": list(rolled.folds)}, "table.json")
        for place, scored in enumerate(rolled.parts):
            fold, stretch = rolled.folds[place], rolled.stretches[place]
            for metric, value in _metrics(fold):
                if "/" not in metric:
                    mlflow.log_metric(f"by_fold/{metric}", value, step=place)
            with mlflow.start_run(
                experiment_id=experiment, run_name=f"fold {stretch.name}", nested=True
            ) as inner:
                _log(mlflow, inner.info.run_id, fold, {"fold": place + 1})
                for picture, figure in plot_forecasts(scored).items():
                    mlflow.log_figure(figure, f"plots/{picture}")
                mlflow.log_dict(dict(fold), "table.json")
        return str(run.info.run_id)


def track_backtest(registry: MlflowRegistry, result: Figures) -> str:
    """Record a backtest of one cut; the id of its run."""
    mlflow = registry.mlflow
    experiment = registry.experiment(f"{result['task']} backtests")
    name = f"{result['source']}, cut {result['cut'] or 'none'}"
    with mlflow.start_run(experiment_id=experiment, run_name=name) as run:
        _log(mlflow, run.info.run_id, result, {"folds": 1})
        mlflow.log_dict(dict(result), "table.json")
        return str(run.info.run_id)


def _log(mlflow: Any, run_id: str, figures: Figures, chosen: Figures) -> None:
    taught = figures["trained_on"]
    named = {key: figures[key] for key in ("task", "source", "cut", "until")}
    mlflow.log_params({**named, "learnt_from": taught["n"], "scored": figures["n"], **chosen})
    mlflow.set_tags({"task": figures["task"], "source": figures["source"], "code": code_digest()})
    points = [mlflow.entities.Metric(name, value, 0, 0) for name, value in _metrics(figures)]
    client = mlflow.MlflowClient()
    for start in range(0, len(points), MLFLOW_BATCH_SIZE):  # the most that MLflow takes at once
        client.log_batch(run_id, metrics=points[start : start + MLFLOW_BATCH_SIZE])


def _metrics(figures: Figures) -> Iterator[tuple[str, float]]:
    """Yield every finite metric by the name it has in every run."""
    yield "asks", float(figures["n"])
    for name, interval in figures["segments"][ALL]["metrics"].items():
        for end, value in interval.items():
            if value is not None:
                yield (name if end == "value" else f"{name}_{end}"), float(value)
    for segment, view in figures["segments"].items():
        if segment != ALL:
            yield from _plain(segment, view["metrics"])
    for name, view in figures["baselines"].items():
        yield from _plain(name, view["segments"][ALL]["metrics"])


def _plain(prefix: str, metrics: Figures) -> Iterator[tuple[str, float]]:
    for name, interval in metrics.items():
        if interval["value"] is not None:
            yield FORBIDDEN_IN_NAMES.sub("_", f"{prefix}/{name}"), float(interval["value"])
