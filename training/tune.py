"""Tune a task or public set inside its training window and log the study to MLflow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np

from data.lake import Lake
from models.catalogue import TASKS
from models.task import Task, TaskName
from models.training_set import TrainingSet
from training.backtest.protocols.protocol import BacktestProtocol
from training.dataset.cache import load_or_build_training_set
from training.parameters.parameter_files import Parameters, load_parameters, write_parameters
from training.parameters.tuning_folds import tuning_window
from training.parameters.tuning_study import (
    SPREAD_WEIGHT,
    ProgressCallback,
    SearchSpace,
    StudyResult,
    TuningProblem,
    run_study,
)
from training.registry.mlflow_registry import MlflowRegistry, open_registry
from training.tasks.catalogue import training_task

EXPERIMENT_SUFFIX = "-tuning"
STUDY_TAG = "study"


def log_study(registry: MlflowRegistry, task: str, study: StudyResult) -> str:
    """Log the search, or what was added to it since it was last logged; the run's id."""
    experiment = registry.experiment(f"{task}{EXPERIMENT_SUFFIX}")
    mlflow, existing = registry.mlflow, _logged_run(registry, experiment, study.name)
    with mlflow.start_run(experiment_id=experiment, run_id=existing) as parent:
        if existing is None:
            mlflow.set_tags({"task": task, STUDY_TAG: study.name})
        mlflow.log_metrics(
            {"best": study.value, "present": study.present, "trials": len(study.trials)}
        )
        mlflow.log_dict(study.best.model_dump(mode="json", exclude_defaults=True), "best.json")
        below = _logged_trials(registry, experiment, parent.info.run_id)
        for trial in study.trials:
            if f"trial {trial.number}" not in below:
                _log_trial(mlflow, experiment, trial)
    return str(parent.info.run_id)


def _log_trial(mlflow: Any, experiment: str, trial: Any) -> None:
    with mlflow.start_run(experiment_id=experiment, run_name=f"trial {trial.number}", nested=True):
        mlflow.log_params(trial.params)
        mlflow.set_tag("state", trial.state.name.lower())
        if trial.value is not None:
            mlflow.log_metric("objective", trial.value)
        for step, value in trial.intermediate_values.items():
            mlflow.log_metric("mean_so_far", value, step=step)


def _logged_run(registry: MlflowRegistry, experiment: str, study: str) -> str | None:
    runs = registry.mlflow.MlflowClient().search_runs([experiment], f"tags.{STUDY_TAG} = '{study}'")
    return str(runs[0].info.run_id) if runs else None


def _logged_trials(registry: MlflowRegistry, experiment: str, parent: str) -> set[str]:
    client, tag = registry.mlflow.MlflowClient(), "mlflow.parentRunId"
    runs = client.search_runs([experiment], f"tags.`{tag}` = '{parent}'", max_results=5000)
    return {str(run.info.run_name) for run in runs}


TRIALS = 30
SEED = 17
STORAGE = "tuning.db"


@dataclass(frozen=True)
class TuningOutcome:
    """Outcome of tuning.

    Attributes:
        found: the search's result.
        path: the file written.
        asks: number of asks that the search saw.
        held_out: number of asks that it never saw.
    """

    found: StudyResult
    path: Path
    asks: int
    held_out: int


def tune_task(
    name: TaskName,
    lake: Lake,
    protocol: BacktestProtocol | None = None,
    path: Path | None = None,
    *,
    trials: int = TRIALS,
    cut: date | None = None,
    out: Path | None = None,
    tell: ProgressCallback,
) -> TuningOutcome:
    """Search for parameters and write them as a file for `triage train --parameters`.

    protocol, path: of a public set and its folder; None takes the ingested history.
    cut: tuning sees asks whose end was known before that midnight UTC; None keeps the newest
        15 % from it.
    out: where the file goes; None puts it in the lake.

    Raises:
        FileNotFoundError: when nothing was ingested.
        ValueError: when too few labels had matured.
    """
    task, present, everything = _tuning_data(name, lake, protocol, path)
    until = None if cut is None else np.datetime64(cut.isoformat(), "us")
    window = tuning_window(everything, until, SEED)
    dated = not bool(np.isnat(everything.asked_at).any())
    sought = TuningProblem(task, window, SearchSpace(present, dated=dated), SEED)
    study = run_study(sought, trials, lake.home / STORAGE, tell)
    source = protocol.source if protocol else name
    path = out or lake.home / "parameters" / f"{source}.toml"
    write_parameters(study.best if study.better else present, path, _comment(source, study, window))
    tell("logging the trials to MLflow", 1.0)
    log_study(open_registry(lake), source, study)
    return TuningOutcome(study, path, len(window), len(everything) - len(window))


def _tuning_data(
    name: TaskName, lake: Lake, protocol: BacktestProtocol | None, path: Path | None
) -> tuple[Task, Parameters, TrainingSet]:
    if protocol is not None and path is not None:
        gathered = protocol.gather(protocol.task, path, None)
        return protocol.task, load_parameters(protocol.source), gathered.evidence
    present = load_parameters(name)
    task = present.task(TASKS[name])
    cached = load_or_build_training_set(training_task(task), lake, present.train.most_asks)
    return task, present, cached.training


def _comment(source: str, study: StudyResult, window: TrainingSet) -> list[str]:
    if study.better:
        outcome = f"Best {study.value:+.4f}; the parameters before it had {study.present:+.4f}."
    else:
        outcome = (
            f"No trial ({study.value:+.4f} at best) was better than the parameters as they were, "
            f"with {study.present:+.4f}: these are they."
        )
    text = (
        f"{source}: {len(study.trials)} trials on {study.folds} rolling folds of the "
        f"{len(window)} asks whose end was known by {_last(window)}. Study {study.name}. "
        "Objective: log-loss less that of the class shares, mean over the folds + "
        f"{SPREAD_WEIGHT} times "
        f"their standard deviation. {outcome}"
    )
    return wrap(text, 90)


def _last(window: TrainingSet) -> str:
    if np.isnat(window.matured_at).any():
        return "the snapshot"
    return str(np.datetime_as_string(window.matured_at.max(), unit="D"))
