"""`triage report` and `triage decisions`.

Write the report of a recommendation, and recorded decisions as a canonical table.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from data.command_line import console, show_progress
from data.lake import Lake


def decisions() -> None:
    """Write what people decided into the canonical tables; `triage train` learns from it.

    The whole record is written each time, so running it again changes nothing.
    """
    from data.ingest import replace_table
    from serving.audit.dataframes import canonical_decisions_batch
    from serving.audit.factory import open_audit

    lake = Lake.from_environment().make()
    with show_progress("Reading decisions"):
        store = open_audit(lake)
        try:
            report = replace_table(
                canonical_decisions_batch(store), lake.canonical, lake.quarantine
            )
        finally:
            store.close()
    console.print(str(report), highlight=False, soft_wrap=True)


def report(
    recommendation: str,
    out: Annotated[Path | None, typer.Option(help="file to write")] = None,
) -> None:
    """Write the explanation report of a recommendation as one self-contained HTML file."""
    from serving.review.report import write_report

    lake = Lake.from_environment().make()
    console.print(str(write_report(lake, recommendation, out)), soft_wrap=True)
