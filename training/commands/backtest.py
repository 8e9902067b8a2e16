"""`triage backtest`: learn before a cut, score from then on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from data.progress import console, step
from training.commands.arguments import Day, day


def backtest(
    task: str,
    source: Annotated[str, typer.Option(help="a public set's name")],
    path: Annotated[Path, typer.Option(help="folder of the source's files")],
    cut: Annotated[Day | None, typer.Option(help="first day that is tested")] = None,
    until: Annotated[Day | None, typer.Option(help="first day that is not tested")] = None,
    test_path: Annotated[
        Path | None, typer.Option(help="rows to test on, for sets without dates")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the figures here")] = None,
) -> None:
    """Train on what was known before the cut, score what was decided from then on."""
    from training.backtest import backtest
    from training.backtest_table import render

    with step(f"Backtest of {task} on {source}") as progress:
        result = backtest(task, source, path, day(cut), day(until), test_path, progress=progress)
    console.print(render(result))
    if json_file:
        json_file.write_text(json.dumps(result, indent=1, allow_nan=False) + "\n")
