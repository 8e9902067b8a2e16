"""Present a what-if report: terminal tables, and a self-contained HTML page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.markup import escape
from rich.table import Table

from serving.replay.what_if import wording
from serving.replay.what_if.figures import WhatIfFigures
from serving.replay.what_if.report import WhatIfReport
from serving.review.page_templates import template_environment


def what_if_page(report: WhatIfReport) -> str:
    """Render the report as one HTML page."""
    template = template_environment().get_template("what_if.html")
    tasks = sorted({one.task for one in report.figures})
    return template.render(
        report=report,
        words=wording,
        tasks={task: [one for one in report.figures if one.task == task] for task in tasks},
    )


def what_if_tables(report: WhatIfReport) -> Iterator[Table]:
    """Yield tables of what would change, by task and site."""
    yield _table(
        report,
        ("task", "site", "answers", "flagged", "no advice", "level", "role"),
        lambda one: (
            f"{one.answers:,}",
            wording.both(one.flagged),
            wording.both(one.abstained),
            wording.changes(one.levels),
            wording.changes(one.routes),
        ),
    )
    yield _table(
        report,
        ("task", "site", "cases", f"at risk, {report.currency}", "first to look at", "decided"),
        lambda one: (
            f"{one.cases:,}",
            wording.money(one),
            wording.stays(one),
            "\n".join(wording.decided(one)),
        ),
    )


def what_if_lines(report: WhatIfReport) -> Iterator[str]:
    """Yield sentences on the period of the tables and on what they leave out."""
    yield wording.period(report)
    yield from wording.summaries(report)
    yield from wording.lacking(report)
    yield from wording.NOTES


def _table(
    report: WhatIfReport, headings: Sequence[str], cells: Callable[[WhatIfFigures], Sequence[str]]
) -> Table:
    table = Table(title=escape(wording.title(report)))
    for heading in headings:
        table.add_column(escape(heading), overflow="fold")
    for one in report.figures:
        table.add_row(one.task, escape(wording.place(one)), *map(escape, cells(one)))
    return table
