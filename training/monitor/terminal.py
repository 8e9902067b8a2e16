"""The reports as people read them in a terminal, and the files that they are written to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from training.monitor.gauges import write_gauges
from training.monitor.monitor import Report
from training.monitor.page import capital, render

REASONS_SHOWN = 4


def table(reports: Sequence[Report]) -> Table:
    """The advice for each task and its heaviest reasons."""
    first = reports[0]
    made = Table(title=f"Asked from {first.since:%Y-%m-%d} until {first.until:%Y-%m-%d}")
    for heading in ("task", "advice"):
        made.add_column(heading)
    for heading in ("asked", "ended", "waiting"):
        made.add_column(heading, justify="right")
    made.add_column("reasons", overflow="fold")
    for report in reports:
        counts = (str(report.counts[name]) for name in ("asked", "ended", "waiting"))
        made.add_row(report.task, report.verdict.headline, *counts, escape(_reasons(report)))
    return made


def write(
    reports: Sequence[Report], page: Path | None, plain: Path | None, gauges: Path | None
) -> None:
    """Write the page, the JSON and the gauges where a file is named."""
    if page:
        page.write_text(render(reports), encoding="utf-8")
    if plain:
        told = {report.task: report.as_json() for report in reports}
        plain.write_text(json.dumps(told, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    if gauges:
        write_gauges(reports, gauges)


def _reasons(report: Report) -> str:
    found = report.verdict.reasons
    shown = [capital(reason.text) for reason in found[:REASONS_SHOWN]]
    more = len(found) - REASONS_SHOWN
    return "\n".join([*shown, *([f"and {more} more"] if more > 0 else [])])
