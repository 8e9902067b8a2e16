"""Backtest at one cut: train on what was known before it, score every ask from then on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from models.catalogue import TASKS
from models.fitting.fit import fit
from models.task import TaskName
from models.training_set import TrainingSet
from training.backtest.figures import MODEL, ScoredAsks, backtest_figures, prevalence
from training.backtest.protocols import lake
from training.backtest.protocols.catalogue import PROTOCOLS
from training.backtest.protocols.protocol import BacktestProtocol
from training.backtest.splits import (
    BacktestError,
    TrainTestSplit,
    grouped_folds,
    midnight,
    split_at_cut,
    split_second_folder,
)
from training.evaluation.baselines import task_baselines
from training.evaluation.bootstrap import BootstrapSettings
from training.evaluation.metrics import Forecast

Progress = Callable[[str, float], None]
FOLDS = 5


def ignore_progress(what: str, done: float) -> None:
    """Ignore progress; the default callback."""


def backtest(
    task_name: str,
    source: str,
    path: Path,
    cut: date | None = None,
    until: date | None = None,
    test_path: Path | None = None,
    *,
    most: int | None = None,
    progress: Progress = ignore_progress,
    seed: int = 17,
) -> dict[str, Any]:
    """Figures of the model and of every baseline, as plain values for JSON (never NaN).

    cut: midnight UTC; labels known by then teach, asks from then on are scored. until: its
        end, exclusive; None goes to the end of the data.
    test_path: folder with the same files. Its rows are appended to those of `path`; of a set
        without dates they are the ones scored. Such a set without a `test_path` is scored
        five-fold, equal rows together.
    most: at most so many asks, spread evenly over time; of the lake alone.

    Raises:
        BacktestError: for an unknown task or source, or a period that holds no asks.
        SourceError: for a folder that is not of the source.
    """
    protocol = find_protocol(task_name, source, most)
    _check_period(protocol, cut, until)
    progress("reading, ingesting and building features", 0.0)
    if protocol.dated:
        assert cut is not None
        gathered = protocol.gather(protocol.task, path, test_path)
        trial = split_at_cut(protocol, gathered, midnight(cut), midnight(until))
        scored, taught = (
            ScoredAsks(trial.scored, forecast_all(protocol, trial, progress)),
            trial.training_asks,
        )
    else:
        gathered = protocol.gather(protocol.task, path, None)
        trial, scored = _score_undated(protocol, gathered.evidence, test_path, progress)
        taught = trial.training_asks
    progress("drawing intervals", 0.0)
    return backtest_result(
        protocol,
        scored,
        trained_on=training_summary(taught),
        excluded=trial.excluded,
        rows=gathered.rows,
        cut=cut,
        until=until,
        draws=BootstrapSettings(seed),
    )


def backtest_result(
    protocol: BacktestProtocol,
    scored: ScoredAsks,
    *,
    trained_on: Mapping[str, Any],
    excluded: Mapping[str, int],
    rows: Mapping[str, int],
    cut: date | None,
    until: date | None,
    draws: BootstrapSettings,
) -> dict[str, Any]:
    """Result of a backtest as plain values for JSON."""
    figures = backtest_figures(protocol, scored, draws)
    return {
        "task": str(protocol.task.name),
        "source": protocol.source,
        "cut": None if cut is None else cut.isoformat(),
        "until": None if until is None else until.isoformat(),
        "n": len(scored.asks),
        "prevalence": prevalence(scored.asks.label),
        "segments": figures["segments"],
        "baselines": figures["baselines"],
        "compared": figures["compared"],
        "classes": list(protocol.task.classes),
        "trained_on": dict(trained_on),
        "excluded": dict(excluded),
        "rows": dict(rows),
        "intervals": f"95 %, bootstrap over {protocol.bootstrap_unit}s",
    }


def training_summary(training_asks: TrainingSet) -> dict[str, Any]:
    """Return the number of training asks and their share of exceptions."""
    return {"n": len(training_asks), "prevalence": prevalence(training_asks.label)}


def find_protocol(task_name: str, source: str, most: int | None = None) -> BacktestProtocol:
    """The protocol of that source, which must be one of that task.

    Raises:
        BacktestError: naming the sources there are, or the task the source is of.
    """
    if source == lake.SOURCE:
        if task_name not in TASKS:
            raise BacktestError(f"no task {task_name!r}; there are {', '.join(TASKS)}")
        return lake.build_protocol(TaskName(task_name), most)
    if source not in PROTOCOLS:
        raise BacktestError(f"no source {source!r}; there are {', '.join(PROTOCOLS)}, lake")
    if most is not None:
        raise BacktestError(f"{source} is taken whole; only the lake takes --most")
    protocol = PROTOCOLS[source]
    if protocol.task.name != task_name:
        fitting = [name for name, other in PROTOCOLS.items() if other.task.name == task_name]
        raise BacktestError(
            f"{source} is a source of {protocol.task.name}, not of {task_name}; "
            f"sources of {task_name}: {', '.join([*fitting, lake.SOURCE])}"
        )
    return protocol


def forecast_all(
    protocol: BacktestProtocol, trial: TrainTestSplit, progress: Progress
) -> dict[str, Forecast]:
    """Forecast the asks to score with the model (`model`) and every baseline."""
    fitted = fit(protocol.task, trial.training_asks, protocol.options, progress)
    predictions = fitted.model.predict(trial.scored.inputs)
    forecasts = {MODEL: Forecast(predictions.probability, predictions.quantiles)}
    for name, baseline in task_baselines(protocol.task, trial.training_asks).items():
        progress(f"baseline {name.replace('_', ' ')}", 0.0)
        forecasts[name] = baseline(trial.scored)
    return forecasts


def _score_undated(
    protocol: BacktestProtocol, evidence: TrainingSet, test_path: Path | None, progress: Progress
) -> tuple[TrainTestSplit, ScoredAsks]:
    if test_path is not None:
        scored = protocol.gather(protocol.task, test_path, None).evidence
        trial = split_second_folder(evidence, scored)
        return trial, ScoredAsks(trial.scored, forecast_all(protocol, trial, progress))
    trials = grouped_folds(evidence, FOLDS, protocol.task.seed)
    parts = [ScoredAsks(t.scored, forecast_all(protocol, t, progress)) for t in trials]
    joined = {
        name: Forecast(np.concatenate([part.forecasts[name].probability for part in parts]))
        for name in parts[0].forecasts
    }
    place = np.concatenate([np.flatnonzero(_scored_mask(evidence, t)) for t in trials])
    return TrainTestSplit(evidence, evidence, {}), ScoredAsks(evidence.take(place), joined)


def _scored_mask(
    evidence: TrainingSet, trial: TrainTestSplit
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return a mask of the asks that the trial scores, looked up by group, as groups are whole."""
    return np.isin(evidence.group, trial.scored.group)


def _check_period(protocol: BacktestProtocol, cut: date | None, until: date | None) -> None:
    if not protocol.dated and (cut or until):
        raise BacktestError(
            f"{protocol.source} has no dates, so it takes no cut; give a second folder "
            "(--test-path) to score, or nothing for five folds"
        )
    if protocol.dated and cut is None:
        raise BacktestError(
            f"{protocol.source} has dates: give the cut (--cut YYYY-MM-DD), "
            "or how many to roll over (--folds N)"
        )
    if cut and until and until <= cut:
        raise BacktestError(f"until {until} is not after the cut {cut}")
