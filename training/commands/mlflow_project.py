"""Entry point of `mlflow run`: one training, noted on the outer MLflow run.

MLflow makes a run before it calls us. A training keeps a run of its own, among those of its
task, where it can be compared; the outer run says which it is.
"""

from __future__ import annotations

import os
import sys

from data.command_line import console
from data.lake import Lake
from training.commands.arguments import task_named
from training.commands.train import current_trainer
from training.evaluation.gate_findings import gates_table
from training.registry.mlflow_registry import open_registry
from training.train import TrainingResult, train_task

OUTER_RUN_VARIABLES = ("MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID")
NOTE = "mlflow.note.content"
NAME = "mlflow.runName"


def train_for_mlflow_run(task: str, most: int) -> TrainingResult:
    """Train the task on the lake of `TRIAGE_HOME`.

    most: asks to learn from; 0 is as many as the task's parameters say.

    Raises:
        ValueError: there is no such task.
        FileNotFoundError: nothing was ingested.
    """
    outer = {
        name: os.environ.pop(name, "") for name in OUTER_RUN_VARIABLES
    }  # else MLflow would train in it
    address = os.environ.get("MLFLOW_TRACKING_URI")
    lake, name = Lake.from_environment(), task_named(task)
    registry = open_registry(lake)
    trained = train_task(name, lake, most or None, registry=registry, trained_by=current_trainer())
    if outer["MLFLOW_RUN_ID"]:
        client = registry.mlflow.MlflowClient(address)
        for tag, text in outer_run_tags(trained).items():
            client.set_tag(outer["MLFLOW_RUN_ID"], tag, text)
    return trained


def outer_run_tags(trained: TrainingResult) -> dict[str, str]:
    """Tags of the outer run: what came of it, and where to look."""
    name = f"{trained.task} version {trained.version}"
    note = (
        f"Trained {name} on {trained.asks:,} asks. Figures, plots and the model card are in run "
        f"`{trained.run_id}` of experiment `{trained.task}`."
    )
    return {NAME: f"project: {name}", NOTE: note, "trained_run": trained.run_id}


if __name__ == "__main__":
    made = train_for_mlflow_run(sys.argv[1], int(float(sys.argv[2])))
    console.print(gates_table(f"{made.task} version {made.version}: gates", made.findings))
