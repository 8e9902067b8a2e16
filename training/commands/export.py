"""`triage export`: a version's artefact taken into the lake, without putting it into service."""

from __future__ import annotations

from typing import Annotated

import typer

from data.lake import Lake
from data.progress import console
from training.commands.arguments import task_named


def export(
    task: str,
    version: Annotated[str, typer.Option(help="a version's number, or an alias")] = "challenger",
) -> None:
    """Take a registered version into the lake, so that a period can be replayed against it."""
    from training.export import export
    from training.pointer import held
    from training.registry import open_registry

    lake, name = Lake.from_environment().make(), task_named(task)
    registry = open_registry(lake)
    number = registry.version(name, version)
    with held(lake, name) as home:
        digest = export(registry, name, number, home)
    console.print(
        f"{name} version {number} ({digest[:12]}) is in the lake; what serves has not changed. "
        f"`triage audit replay --task {name} --what-if model={number}` says what it would change",
        highlight=False,
        soft_wrap=True,
    )
