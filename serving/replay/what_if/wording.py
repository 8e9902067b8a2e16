"""Words for the figures of a what-if, shared by the terminal and the HTML page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from serving.policy.sections import Level
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
NO_CHANGE = "no change"  # "none" is a level
ASCENDING = (Level.NONE, Level.WATCH, Level.ACT)


def title(report: WhatIfReport) -> str:
    """Title of the report."""
    return f"What if: {report.alternative}"


def period(report: WhatIfReport) -> str:
    """Say how many answers of which period were compared."""
    if not report.answers:
        return "No answer could be compared."
    first, last = report.since[:10], report.until[:10]
    days = f"on {first}" if first == last else f"from {first} to {last}"
    return f"{_answers(report.answers)} given {days}."


def summaries(report: WhatIfReport) -> Iterator[str]:
    """Yield for each task at all sites how many answers would have another level, and which way."""
    yield from (summary(figures) for figures in report.figures if not figures.site)


def summary(figures: WhatIfFigures) -> str:
    """Say how many answers would have another level; the numbers are those of `changes`."""
    moved = sum(figures.levels.values())
    raised = sum(
        count
        for (before, then), count in figures.levels.items()
        if ASCENDING.index(Level(then)) > ASCENDING.index(Level(before))
    )
    ways = ((raised, "raised"), (moved - raised, "lowered"))
    split = ", ".join(f"{count:,} {way}" for count, way in ways if count)
    if moved:
        levels = f"{_part(moved, figures.answers)} would have another level: {split}"
    else:
        levels = f"{_part(figures.answers, figures.answers)} would stay at the same level"
    was, after = figures.flagged
    return (
        f"{figures.task}: {levels}. "
        f"{was:,.0f} {'was' if was == 1 else 'were'} flagged, {after:,.0f} would be."
    )


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
    """Write how many of the first cases stay first."""
    if figures.top == 0:
        return "no case"
    noun = "case" if figures.top == 1 else "cases"
    return f"{round(figures.stays * figures.top)} of the first {figures.top} {noun}"


def decided(figures: WhatIfFigures) -> Iterator[str]:
    """Yield for each action how many answers it was on, and how many would be flagged."""
    for action, one in figures.decided.items():
        yield f"{one.answers:,} {action}: {_flagged(one)}"


def lacking(report: WhatIfReport) -> Iterator[str]:
    """Yield for each reason how many answers are left out."""
    for (task, why), count in report.lacking.items():
        yield f"{_answers(count)} of {task} left out: {why}"


def _flagged(one: DecidedAnswers) -> str:
    return f"flagged {one.before:,} → {one.after:,}"


def _answers(count: int) -> str:
    return f"{count:,} {'answer' if count == 1 else 'answers'}"


def _part(count: int, whole: int) -> str:
    """Name some of the answers, or all of them."""
    if count < whole:
        return f"{count:,} of {_answers(whole)}"
    match whole:
        case 1:
            return "the one answer"
        case 2:
            return "both answers"
        case _:
            return f"all {_answers(whole)}"
