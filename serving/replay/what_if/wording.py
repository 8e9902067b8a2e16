"""Words for the figures of a what-if, shared by the terminal and the HTML page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from serving.replay.what_if.figures import BeforeAfter, DecidedAnswers, WhatIfFigures
from serving.replay.what_if.report import WhatIfReport

LATEST = (
    "Answers are counted one by one. Money and the first cases are of each case's latest "
    "answer, so that a case that was asked about every day counts once."
)
MONEY = (
    "Money is what is at risk in flagged cases, at the same rates before and after; flagged "
    "cases whose money is not known, or has no rate, are counted beside it."
)
DECISIONS = (
    "What people would have done then is not known: decisions are those on the answers that "
    "were given. Nothing was written to the record."
)
NOTES = (LATEST, MONEY, DECISIONS)
NO_CHANGE = "none"


def title(report: WhatIfReport) -> str:
    """Title of the report."""
    return f"What if: {report.alternative}"


def period(report: WhatIfReport) -> str:
    """Say how many answers of which period were compared."""
    if not report.answers:
        return "No answer could be compared."
    noun = "answer" if report.answers == 1 else "answers"
    return f"{report.answers:,} {noun} given from {report.since[:10]} to {report.until[:10]}."


def place(figures: WhatIfFigures) -> str:
    """Name the site of the figures."""
    return figures.site or "all sites"


def both(figure: BeforeAfter) -> str:
    """Write a count before and after."""
    return f"{figure.before:,.0f} → {figure.after:,.0f}"


def money(figures: WhatIfFigures) -> str:
    """Write money before and after, with the number of cases that it leaves out."""
    unknown = figures.unknown
    left_out = f" (not known: {both(unknown)})" if any(unknown) else ""
    return f"{both(figures.money)}{left_out}"


def changes(transitions: Mapping[tuple[str, str], int]) -> str:
    """List the transitions, the most frequent first."""
    phrases = [f"{count:,} {before} → {after}" for (before, after), count in transitions.items()]
    return ", ".join(phrases) or NO_CHANGE


def stays(figures: WhatIfFigures) -> str:
    """Write the share of the first cases that stay first."""
    noun = "case" if figures.top == 1 else "cases"
    return f"{figures.stays:.0%} of the first {figures.top} {noun}"


def decided(figures: WhatIfFigures) -> Iterator[str]:
    """Yield for each action how many answers it was on, and how many would be flagged."""
    for action, one in figures.decided.items():
        yield f"{one.answers:,} {action}: {_flagged(one)}"


def lacking(report: WhatIfReport) -> Iterator[str]:
    """Yield for each reason how many answers are left out."""
    for (task, why), count in report.lacking.items():
        noun = "answer" if count == 1 else "answers"
        yield f"{count:,} {noun} of {task} left out: {why}"


def _flagged(one: DecidedAnswers) -> str:
    return f"flagged {one.before:,} → {one.after:,}"
