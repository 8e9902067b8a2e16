"""`triage gates`: what the gates found when a version was trained."""

from __future__ import annotations

from typing import Annotated

import typer

from data.lake import Lake
from data.progress import console
from training.commands.arguments import task_named


def gates(
    task: str,
    version: Annotated[str, typer.Option(help="a version's number, or an alias")] = "challenger",
) -> None:
    """Show what each gate found on a registered version."""
    from training.evidence import evidence
    from training.gates.table import gates_table
    from training.registry import open_registry

    name, registry = task_named(task), open_registry(Lake.from_environment())
    found = evidence(registry, name, registry.version(name, version))
    if found.findings is None:
        raise LookupError(
            f"no gates are recorded for {name} version {found.version}; train it again"
        )
    console.print(gates_table(f"{name} version {found.version}: gates", found.findings))
    console.print(f"{name} version {found.version}: {found.gates}", highlight=False)
