"""`triage ingest`: read a source into canonical tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from data.command_line import console, show_progress
from data.lake import Lake


def ingest(
    source: Annotated[str, typer.Option(help="simulator, extract, or a public set's name")],
    path: Annotated[Path | None, typer.Option(help="folder of the source's files")] = None,
    mapping: Annotated[
        list[Path] | None, typer.Option(help="TOML mapping of a site's extract; repeatable")
    ] = None,
) -> None:
    """Read a source into canonical tables; rows that break a contract go to quarantine."""
    from data.ingest import ingest
    from data.sources.catalogue import read_source

    lake = Lake.from_environment().make()
    with show_progress(f"Ingesting {source}"):
        read = read_source(source, path or lake.raw / source, mapping or [])
        report = ingest(read, lake.canonical, lake.quarantine)
    console.print(str(report), highlight=False, soft_wrap=True)
