"""`triage card`: what a reviewer reads before approving."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from data.lake import Lake
from data.progress import console
from training.commands.arguments import task_named


def card(
    task: str,
    version: Annotated[str, typer.Option(help="a version's number, or an alias")] = "challenger",
    out: Annotated[Path | None, typer.Option(help="file to write, .html or .md")] = None,
) -> None:
    """Write the model card of a version, as HTML or Markdown."""
    from training.card.keep import write_card
    from training.registry import open_registry

    lake, name = Lake.from_environment().make(), task_named(task)
    registry = open_registry(lake)
    path = write_card(lake, registry, name, registry.version(name, version), out)
    console.print(str(path), soft_wrap=True, highlight=False)
