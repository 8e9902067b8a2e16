"""`triage card`, `gates`, `export` and `mlflow`: inspect and export registered versions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from data.command_line import PortOption, console
from data.lake import Lake
from training.commands.arguments import task_named


def card(
    task: str,
    version: Annotated[str, typer.Option(help="a version's number, or an alias")] = "challenger",
    out: Annotated[Path | None, typer.Option(help="file to write, .html or .md")] = None,
) -> None:
    """Write the model card of a version, as HTML or Markdown."""
    from training.card.render import write_card
    from training.registry.mlflow_registry import open_registry

    lake, name = Lake.from_environment().make(), task_named(task)
    registry = open_registry(lake)
    path = write_card(lake, registry, name, registry.version(name, version), out)
    console.print(str(path), soft_wrap=True, highlight=False)


def export(
    task: str,
    version: Annotated[str, typer.Option(help="a version's number, or an alias")] = "challenger",
) -> None:
    """Take a registered version into the lake, so that a period can be replayed against it."""
    from training.registry.champion_pointer import champion_lock
    from training.registry.export import export_version
    from training.registry.mlflow_registry import open_registry

    lake, name = Lake.from_environment().make(), task_named(task)
    registry = open_registry(lake)
    number = registry.version(name, version)
    with champion_lock(lake, name) as home:
        digest = export_version(registry, name, number, home)
    console.print(
        f"{name} version {number} ({digest[:12]}) is in the lake; what serves has not changed. "
        f"`triage audit replay --task {name} --what-if model={number}` says what it would change",
        highlight=False,
        soft_wrap=True,
    )


def gates(
    task: str,
    version: Annotated[str, typer.Option(help="a version's number, or an alias")] = "challenger",
) -> None:
    """Show what each gate found on a registered version."""
    from training.evaluation.gate_findings import gates_table
    from training.registry.mlflow_registry import open_registry
    from training.registry.version_evidence import load_version_evidence

    name, registry = task_named(task), open_registry(Lake.from_environment())
    evidence = load_version_evidence(registry, name, registry.version(name, version))
    if evidence.findings is None:
        raise LookupError(
            f"no gates are recorded for {name} version {evidence.version}; train it again"
        )
    console.print(gates_table(f"{name} version {evidence.version}: gates", evidence.findings))
    console.print(f"{name} version {evidence.version}: {evidence.gates}", highlight=False)


def mlflow(port: PortOption = 5000) -> None:
    """Show runs and models in MLflow's own pages."""
    from training.settings import TrackingSettings

    tracking = TrackingSettings().tracking(Lake.from_environment())
    command = ["mlflow", "ui", "--backend-store-uri", tracking, "--port", str(port)]
    raise typer.Exit(subprocess.run([sys.executable, "-m", *command], check=False).returncode)
