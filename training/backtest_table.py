"""A backtest on the console: figures down, the model and what it is compared with across."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table

from training.backtest_figures import MODEL
from training.backtest_rows import (
    FOLD_HEADINGS,
    HEADINGS,
    fold_rows,
    left_out,
    markdown,
    number,
    percent,
    rows,
    spoken,
)
from training.rolling import Rolled

Figures = Mapping[str, Any]
CHANCE = (
    "better, worse: beyond chance at 5 % after Holm's correction within the segment, "
    "by paired drawings of whole groups"
)


def render(result: Figures) -> Group:
    """One table a segment, with intervals for the model; verdicts; what was left out."""
    baselines: Figures = result["baselines"]
    tables = [
        _segment(name, segment, {n: b["segments"][name] for n, b in baselines.items()})
        for name, segment in result["segments"].items()
    ]
    return Group(_heading(result), *tables, _verdicts(result), left_out(result))


def render_rolled(rolled: Rolled) -> Group:
    """Each stretch by itself, then all of them together with what the model must beat."""
    folds = _table("each stretch by itself", FOLD_HEADINGS, fold_rows(*_folds(rolled)))
    return Group(_rolled_heading(rolled), folds, *_together(rolled), *_notes(rolled))


def document(rolled: Rolled) -> str:
    """The same as Markdown."""
    parts = (
        f"# {_rolled_heading(rolled)}",
        "## All stretches together",
        markdown(HEADINGS, rows(rolled.figures)),
        "## Each stretch by itself",
        markdown(FOLD_HEADINGS, fold_rows(*_folds(rolled))),
        *_notes(rolled),
    )
    return "\n\n".join(parts) + "\n"


def _together(rolled: Rolled) -> Iterator[Table]:
    """One table a segment; what all its rows repeat is in its title."""
    repeated = slice(HEADINGS.index("forecast") + 1, HEADINGS.index("ROC-AUC"))
    headings = [h for h in HEADINGS[1:] if h not in HEADINGS[repeated]]
    for segment, told in groupby(rows(rolled.figures), key=itemgetter(0)):
        own, *others = told
        n, share = own[repeated]
        cells = ((row[1], *row[repeated.stop :]) for row in (own, *others))
        yield _table(f"all stretches, {segment}: n {n}, share {share}", headings, cells)


def _folds(rolled: Rolled) -> tuple[Sequence[Figures], list[str]]:
    return rolled.folds, [stretch.name for stretch in rolled.stretches]


def _notes(rolled: Rolled) -> tuple[str, ...]:
    return (
        left_out(rolled.figures),
        f"champion: {rolled.figures['champion']['said']}",
        CHANCE,
    )


def _rolled_heading(rolled: Rolled) -> str:
    told = rolled.figures
    period = f"{told['cut']} until {told['until']}" if told["cut"] else "no dates"
    return (
        f"{told['task']} on {told['source']}, {len(rolled.folds)} folds ({period}): "
        f"{told['n']:,} asks scored ({percent(told['prevalence'])}), each once"
    )


def _heading(result: Figures) -> str:
    when = f"cut {result['cut']}, until {result['until'] or 'the end'}"
    period = when if result["cut"] else "no dates"
    taught = result["trained_on"]
    return (
        f"{result['task']} on {result['source']} ({period}): "
        f"{taught['n']:,} asks to learn from ({percent(taught['prevalence'])}), "
        f"{result['n']:,} scored ({percent(result['prevalence'])})"
    )


def _segment(name: str, model: Figures, others: Mapping[str, Figures]) -> Table:
    table = Table(title=f"{name}: n {model['n']:,}, share {percent(model['prevalence'])}")
    table.add_column("figure", no_wrap=True)
    for title in (MODEL, "low", "high"):
        table.add_column(title, justify="right", no_wrap=True)
    for other in others:
        table.add_column(spoken(other), justify="right")
    for figure, interval in model["metrics"].items():
        rest = [number(other["metrics"][figure]["value"]) for other in others.values()]
        own = [number(interval[end]) for end in ("value", "low", "high")]
        table.add_row(figure, *own, *rest)
    return table


def _verdicts(result: Figures) -> Table:
    """The model against each of the others, beyond chance."""
    wanted = [HEADINGS.index(name) for name in ("segment", "forecast", *HEADINGS[-2:])]
    told = (tuple(row[place] for place in wanted) for row in rows(result) if row[1] != MODEL)
    return _table("the model against each", [HEADINGS[place] for place in wanted], told)


def _table(title: str, headings: Sequence[str], told: Iterator[tuple[str, ...]]) -> Table:
    """A row a forecast; what the first column repeats is said once, and intervals go below."""
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in headings:
        text = heading in {"segment", "stretch", "forecast"}
        table.add_column(heading, justify="left" if text else "right", no_wrap=not text)
    before = None
    for first, *rest in told:
        if before not in (None, first) and headings[0] != "forecast":
            table.add_section()
        table.add_row("" if before == first else first, *map(_on_two_lines, rest))
        before = first
    return table


def _on_two_lines(cell: str) -> str:
    """`0.3 (0.2 to 0.4): better` with the interval below, so that the table is narrower."""
    value, bracket, after = cell.partition(" (")
    if not bracket:
        return cell
    ends, _, verdict = after.partition(")")
    return f"{value}{verdict.replace(':', '')}\n{ends}"
