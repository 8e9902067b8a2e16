"""Log backtests to MLflow: one run per backtest, with a nested run per fold.

Figures have the same names everywhere, so that runs can be compared: the model's on all asks
plainly (`log_loss`), those of others and of segments under their names
(`lightgbm_defaults/log_loss`, `rdc/log_loss`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from training.backtest.figures import ALL
from training.backtest.plots import plot_forecasts, plot_over_folds
from training.backtest.report import rolling_markdown
from training.backtest.rolling_origin import RollingBacktest
from training.dataset.manifest import code_digest
from training.registry.mlflow_registry import MlflowRegistry

Figures = Mapping[str, Any]
FORBIDDEN_IN_NAMES = re.compile(r"[^\w\-. /]")
"""What MLflow takes in no name on every system."""
MLFLOW_BATCH_SIZE = 1000


def track_rolling_backtest(registry: MlflowRegistry, rolled: RollingBacktest) -> str:
    """Record a rolling backtest; the id of its run."""
    mlflow, told = registry.mlflow, rolled.figures
    experiment = registry.experiment(f"{told['task']} backtests")
    name = f"{told['source']}, {len(rolled.folds)} folds"
    with mlflow.start_run(experiment_id=experiment, run_name=name) as run:
        _log(mlflow, run.info.run_id, told, {"folds": len(rolled.folds)})
        for picture, figure in (plot_forecasts(rolled.scored) | plot_over_folds(rolled)).items():
            mlflow.log_figure(figure, f"plots/{picture}")
        mlflow.log_text(rolling_markdown(rolled), "table.md")
        mlflow.log_dict({**told, "each": list(rolled.folds)}, "table.json")
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


def _log(mlflow: Any, run_id: str, told: Figures, chosen: Figures) -> None:
    taught = told["trained_on"]
    named = {key: told[key] for key in ("task", "source", "cut", "until")}
    mlflow.log_params({**named, "learnt_from": taught["n"], "scored": told["n"], **chosen})
    mlflow.set_tags({"task": told["task"], "source": told["source"], "code": code_digest()})
    points = [mlflow.entities.Metric(name, value, 0, 0) for name, value in _metrics(told)]
    client = mlflow.MlflowClient()
    for start in range(0, len(points), MLFLOW_BATCH_SIZE):  # the most that MLflow takes at once
        client.log_batch(run_id, metrics=points[start : start + MLFLOW_BATCH_SIZE])


def _metrics(told: Figures) -> Iterator[tuple[str, float]]:
    """Every figure that could be formed, by the name it has in every run."""
    yield "asks", float(told["n"])
    for name, interval in told["segments"][ALL]["metrics"].items():
        for end, value in interval.items():
            if value is not None:
                yield (name if end == "value" else f"{name}_{end}"), float(value)
    for segment, found in told["segments"].items():
        if segment != ALL:
            yield from _plain(segment, found["metrics"])
    for name, found in told["baselines"].items():
        yield from _plain(name, found["segments"][ALL]["metrics"])


def _plain(prefix: str, metrics: Figures) -> Iterator[tuple[str, float]]:
    for name, interval in metrics.items():
        if interval["value"] is not None:
            yield FORBIDDEN_IN_NAMES.sub("_", f"{prefix}/{name}"), float(interval["value"])
