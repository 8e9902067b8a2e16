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
    """Train a task on the ingested history, try the gates, register it as challenger."""
    from training.gates.finding import in_short
    from training.gates.table import gates_table
    from training.parameters.read import parameters as read_parameters
    from training.train import train_task

    name = task_named(task)
    chosen, who = read_parameters(name, parameters), trainer()
    with step(f"Training {name}") as progress:
        trained = train_task(
            name, Lake.from_environment(), most, progress, chosen=chosen, trained_by=who
        )
    if trained.reused:
        console.print("The tables and the code are as they were: nothing was built anew.")
    figures = {k: v for k, v in trained.metrics.items() if k.startswith("held_out_")}
    table = Table(title=f"{name} version {trained.version}, {trained.asks} asks, on held-out asks")
    for column in ("metric", "value"):
        table.add_column(column)
    for metric, value in sorted(figures.items()):
        table.add_row(metric.removeprefix("held_out_"), f"{value:.4f}")
    console.print(table)
    console.print(gates_table(f"{name} version {trained.version}: gates", trained.findings))
    console.print(
        f"{name} version {trained.version}: {in_short(trained.findings)}", highlight=False
    )


def trainer() -> str:
    """Who trains, so that somebody else approves; empty, with a word on it, if nobody is named.

    Raises:
        IdentityError: a token or a name that proves nothing, or a person who may not train.
    """
    from training.identity import HOW, whoami
    from training.people import Duty
    from training.settings import ApprovalMode, ApprovalSettings

    settings = ApprovalSettings.from_environment()
    if settings.approval is ApprovalMode.REQUIRED and not (settings.user or settings.token):
        console.print(f"Nobody is named as trainer, so promotion will ask for an override: {HOW}.")
        return ""
    return whoami(settings).allowed(Duty.TRAIN).name
