"""`triage results`: the README's table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from data.progress import step


def results(path: Annotated[Path, typer.Option(help="folder of the four public sets")]) -> None:
    """Backtest every public set and print the README's table of results."""
    from training.results import results

    with step("Backtesting the public sets") as progress:
        table = results(path, progress)
    print(table)
