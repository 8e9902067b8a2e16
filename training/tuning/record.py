"""A search in MLflow: one run, and one below it for each trial."""

from __future__ import annotations

from typing import Any

from training.registry import Registry
from training.tuning.study import Found

SUFFIX = "-tuning"
STUDY = "study"


def record(registry: Registry, task: str, found: Found) -> str:
    """Log the search, or what was added to it since it was last logged; the run's id."""
    experiment = registry.experiment(f"{task}{SUFFIX}")
    mlflow, existing = registry.mlflow, _logged(registry, experiment, found.name)
    with mlflow.start_run(experiment_id=experiment, run_id=existing) as parent:
        if existing is None:
            mlflow.set_tags({"task": task, STUDY: found.name})
        mlflow.log_metrics(
            {"best": found.value, "present": found.present, "trials": len(found.trials)}
        )
        mlflow.log_dict(found.best.model_dump(mode="json", exclude_defaults=True), "best.json")
        below = _below(registry, experiment, parent.info.run_id)
        for trial in found.trials:
            if f"trial {trial.number}" not in below:
                _trial(mlflow, experiment, trial)
    return str(parent.info.run_id)


def _trial(mlflow: Any, experiment: str, trial: Any) -> None:
    with mlflow.start_run(experiment_id=experiment, run_name=f"trial {trial.number}", nested=True):
        mlflow.log_params(trial.params)
        mlflow.set_tag("state", trial.state.name.lower())
        if trial.value is not None:
            mlflow.log_metric("objective", trial.value)
        for step, value in trial.intermediate_values.items():
            mlflow.log_metric("mean_so_far", value, step=step)


def _logged(registry: Registry, experiment: str, study: str) -> str | None:
    runs = registry.mlflow.MlflowClient().search_runs([experiment], f"tags.{STUDY} = '{study}'")
    return str(runs[0].info.run_id) if runs else None


def _below(registry: Registry, experiment: str, parent: str) -> set[str]:
    client, tag = registry.mlflow.MlflowClient(), "mlflow.parentRunId"
    runs = client.search_runs([experiment], f"tags.`{tag}` = '{parent}'", max_results=5000)
    return {str(run.info.run_name) for run in runs}
