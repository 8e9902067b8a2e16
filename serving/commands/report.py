"""`triage report`: the explanation of a recommendation as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from data.lake import Lake
from data.progress import console


def report(
    recommendation: str,
    out: Annotated[Path | None, typer.Option(help="file to write")] = None,
) -> None:
    """Write the explanation report of a recommendation as one self-contained HTML file."""
    from serving.desk.report import write_report

    lake = Lake.from_environment().make()
    console.print(str(write_report(lake, recommendation, out)), soft_wrap=True)
