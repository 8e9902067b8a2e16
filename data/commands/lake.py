"""`triage lake`: the versions of the canonical tables, their files, and their upkeep."""

from __future__ import annotations

from typing import Annotated

import typer

from data.command_line import console
from data.lake import Lake

lake = typer.Typer(no_args_is_help=True, help="Versions of the canonical tables, and their upkeep.")


@lake.command()
def versions() -> None:
    """List the versions that can be read, with their rows."""
    from data.canonical_tables import kept_versions, read_manifest

    folder = Lake.from_environment().canonical
    current = read_manifest(folder)
    for number in kept_versions(folder):
        manifest = read_manifest(folder, number)
        rows = sum(part.rows for parts in manifest.tables.values() for part in parts)
        mark = "  current" if number == current.version else ""
        console.print(f"version {number}: {rows:,} versions of rows{mark}", highlight=False)


@lake.command()
def files(
    table: Annotated[str, typer.Argument(help="canonical table")],
    version: Annotated[int | None, typer.Option(help="of the lake; by default the newest")] = None,
) -> None:
    """Print the Parquet files of a table, for Spark, DuckDB or whatever else reads them."""
    from data.canonical_tables import read_manifest
    from data.contracts.catalogue import TABLES

    folder = Lake.from_environment().canonical
    if table not in TABLES:
        raise ValueError(f"no canonical table {table!r}; there are {', '.join(TABLES)}")
    for part in read_manifest(folder, version).parts(table):
        typer.echo(folder / part.file)


@lake.command()
def compact(
    keep: Annotated[
        int, typer.Option(help="versions that stay readable, the newest included")
    ] = 30,
) -> None:
    """Merge the files of each table into one, and remove what no kept version needs."""
    from data.row_versions.maintenance import compact

    done = compact(Lake.from_environment().make().canonical, keep)
    console.print(
        f"The lake is at version {done.version}: {done.merged} files merged, "
        f"{done.removed_versions} versions and {done.removed_files} files removed, "
        f"{done.freed_bytes:,} bytes freed.",
        highlight=False,
    )
