"""`triage results`: the README's table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from data.progress import step


def results(
    path: Annotated[Path, typer.Option(help="folder of the four public sets")],
    json_file: Annotated[
        Path | None, typer.Option("--json", help="write every cut's figures here")
    ] = None,
    folds: Annotated[int, typer.Option(min=2, help="consecutive cuts a set")] = 5,
) -> None:
    """Backtest every public set over rolling cuts and print the README's table of results."""
    from training.results import results

    with step("Backtesting the public sets") as progress:
        found = results(path, progress, folds)
    print(found.table)
    if json_file:
        json_file.write_text(json.dumps(found.figures, indent=1, allow_nan=False) + "\n")
