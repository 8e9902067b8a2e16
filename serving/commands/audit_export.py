"""`triage audit export`: the record as files, with figures that show it is complete."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from data.lake import Lake
from data.progress import console, step

DAY = ["%Y-%m-%d"]


def export(
    out: Annotated[Path, typer.Option(help="new or empty folder")],
    form: Annotated[str, typer.Option("--format", help="parquet or csv")] = "parquet",
    since: Annotated[
        datetime | None, typer.Option(formats=DAY, help="first day of recording, UTC")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=DAY, help="first day that is left out")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="a kind of entry; repeat it; all by default")
    ] = None,
    task: Annotated[str, typer.Option(help="one task")] = "",
    site: Annotated[str, typer.Option(help="one site")] = "",
) -> None:
    """Write the record as one file a group of entries, with a manifest of control totals.

    What was recorded in free words may name persons: keep the folder as you keep the record.
    """
    from contextlib import closing

    from serving.audit.export.export import Export, Format, kinds_named
    from serving.audit.export.selection import Selection
    from serving.audit.opened import open_audit
    from serving.context import code_version

    if form not in set(Format):
        raise ValueError(f"no format {form!r}; there are {', '.join(Format)}")
    wanted = Selection(
        since and since.date(), until and until.date(), kinds_named(kind or ()), task, site
    )
    with closing(open_audit(Lake.from_environment())) as store, step("Exporting") as progress:
        work = Export(store, wanted, Format(form), datetime.now(UTC), code_version())
        told = work.write(out, progress)
    for file in told["files"]:
        console.print(f"{file['rows']:>9,} rows  {out / file['file']}", highlight=False)
    record = told["record"]
    console.print(f"of a record of {record['tree_size']:,}, root {record['root_hash']}")
