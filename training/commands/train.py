"""`triage train`: a new challenger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from data.lake import Lake
from data.progress import console, step
from training.commands.arguments import task_named


def train(
    task: str,
    most: Annotated[
        int | None, typer.Option(min=20, help="most asks to learn from, spread over time")
    ] = None,
    parameters: Annotated[
        Path | None, typer.Option(help="TOML file instead of the task's own parameters")
    ] = None,
) -> None:
    """Train a task on the ingested history and register it in MLflow as challenger."""
    from training.parameters.read import parameters as read_parameters
    from training.train import train_task

    name = task_named(task)
    chosen = read_parameters(name, parameters)
    with step(f"Training {name}") as progress:
        trained = train_task(name, Lake.from_environment(), most, progress, chosen=chosen)
    if trained.reused:
        console.print("The tables and the code are as they were: nothing was built anew.")
    figures = {k: v for k, v in trained.metrics.items() if k.startswith("held_out_")}
    table = Table(title=f"{name} version {trained.version}, {trained.asks} asks, on held-out asks")
    for column in ("metric", "value"):
        table.add_column(column)
    for metric, value in sorted(figures.items()):
        table.add_row(metric.removeprefix("held_out_"), f"{value:.4f}")
    console.print(table)
