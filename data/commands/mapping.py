"""`triage map`: what a mapping makes of a source's files, before anything is loaded."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from data.command_line import console, show_progress
from data.commands.loaded_orders import loaded_orders
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
    orders = loaded_orders(lake)
    checks = extract_checks(EXTRACT, mapping, datetime.now(UTC), earlier_orders=orders)
    with show_progress(f"Checking {path}"), TemporaryDirectory(prefix="triage-check-") as folder:
        report = ingest(observe_extract(path, checks), Path(folder) / "canonical", lake.quarantine)
    found = [check.report() for check in checks]
    text = "\n\n".join([str(replace(report, version=None)), *map(str, found)])
    console.print(text, highlight=False, soft_wrap=True, markup=False)
    if any(one.refusals for one in found):
        raise typer.Exit(1)


@mapping_app.command()
def diff(
    before: Annotated[Path, typer.Option(help="TOML mapping as it is")],
    after: Annotated[Path, typer.Option(help="TOML mapping as it would be")],
    path: Annotated[Path, typer.Option(help="folder that holds a folder for each site")] = Path(),
) -> None:
    """Say which rows another mapping would add, remove or change; nothing is loaded."""
    from data.contracts.catalogue import TABLES
    from data.sources.extracts.checks.table_changes import table_changes
    from data.store import Store

    with (
        show_progress(f"Comparing mappings of {path}"),
        TemporaryDirectory(prefix="triage-diff-") as folder,
        Store.from_folder(_loaded(before, path, Path(folder) / "before")) as old,
        Store.from_folder(_loaded(after, path, Path(folder) / "after")) as new,
    ):
        changes = [
            table_changes(table, old.frame(name), new.frame(name)) for name, table in TABLES.items()
        ]
    found = [str(change) for change in changes if change.any]
    text = "\n".join(found) or "both mappings give the same rows"
    console.print(text, highlight=False, soft_wrap=True, markup=False)


def _loaded(mapping: Path, path: Path, folder: Path) -> Path:
    """Load an extract into a folder of its own and return that of the tables."""
    from data.ingest import ingest
    from data.sources.extracts.mapping import load_mapping
    from data.sources.extracts.reader import read_extract

    ingest(read_extract(path, [load_mapping(mapping)]), folder / "tables", folder / "quarantine")
    return folder / "tables"
