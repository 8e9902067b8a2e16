"""`triage map`: what a mapping makes of a source's files, before anything is loaded."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from data.command_line import console, show_progress
from data.lake import Lake

mapping_app = typer.Typer(no_args_is_help=True, help="Try the mapping of a site's extract.")
MappingOption = Annotated[
    list[Path], typer.Option("--mapping", help="TOML mapping of a site's extract; repeatable")
]


@mapping_app.command()
def check(
    mapping: MappingOption,
    path: Annotated[Path, typer.Option(help="folder that holds a folder for each site")] = Path(),
) -> None:
    """Read an extract and check its plausibility; nothing is loaded. Exit code 1: refused.

    Rows that break a contract go to quarantine as in a load.
    """
    from data.ingest import ingest
    from data.sources.catalogue import EXTRACT, extract_checks
    from data.sources.extracts.reader import observe_extract

    lake = Lake.from_environment().make()
    checks = extract_checks(EXTRACT, mapping, datetime.now(UTC))
    with show_progress(f"Checking {path}"), TemporaryDirectory(prefix="triage-check-") as folder:
        report = ingest(observe_extract(path, checks), Path(folder) / "canonical", lake.quarantine)
    found = [check.report() for check in checks]
    text = "\n\n".join([str(report), *map(str, found)])
    console.print(text, highlight=False, soft_wrap=True, markup=False)
    if any(one.refusals for one in found):
        raise typer.Exit(1)
