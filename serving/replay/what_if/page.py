"""A what-if as a page of its own: no script, no font, no address."""

from __future__ import annotations

from serving.desk.pages import environment
from serving.replay.what_if import wording
from serving.replay.what_if.report import Report


def render(report: Report) -> str:
    """The page."""
    template = environment().get_template("what_if.html")
    tasks = sorted({one.task for one in report.figures})
    return template.render(
        report=report,
        words=wording,
        tasks={task: [one for one in report.figures if one.task == task] for task in tasks},
    )
