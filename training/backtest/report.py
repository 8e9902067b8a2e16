"""Backtest report as tables: for the console and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table

from training.backtest.figures import ALL, CHAMPION, MODEL
from training.backtest.rolling_origin import RollingBacktest

Figures = Mapping[str, Any]

HEADINGS = (
    "segment",
    "forecast",
    "n",
    "share",
    "ROC-AUC",
    "PR-AUC",
    "log-loss",
    "ECE",
    "model's log-loss less this",
    "model's PR-AUC less this",
)
FOLD_HEADINGS = (
    "stretch",
    "forecast",
    "learnt from",
    "n",
    "share",
    "ROC-AUC",
    "PR-AUC",
    "log-loss",
    "ECE",
)


def segment_rows(result: Figures) -> Iterator[tuple[str, ...]]:
    """Yield a row per segment and forecast: the model, its baselines, then the champion."""
    for segment, own in result["segments"].items():
        compared = result["compared"].get(segment, {})
        size = (f"{own['n']:,}", format_percent(own["prevalence"]))
        yield (segment, MODEL, *size, *_figure_cells(own["metrics"]), "", "")
        for name, other in result["baselines"].items():
            figures = _figure_cells(other["segments"][segment]["metrics"])
            yield (
                segment,
                spaced_name(name),
                *size,
                *figures,
                *_verdict_cells(compared.get(name, {})),
            )
        if CHAMPION in compared:
            against = compared[CHAMPION]
            fresh = (f"{against['log_loss']['n']:,}", "-")
            champions = {name: figure["champion"] for name, figure in against.items()}
            yield (segment, CHAMPION, *fresh, *_figure_cells(champions), *_verdict_cells(against))


def fold_rows(folds: Sequence[Figures], stretches: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield a row per stretch, on all its asks."""
    for fold, stretch in zip(folds, stretches, strict=True):
        own = fold["segments"][ALL]
        taught = f"{fold['trained_on']['n']:,}"
        size = (taught, f"{own['n']:,}", format_percent(own["prevalence"]))
        yield (stretch, MODEL, *size, *_figure_cells(own["metrics"]))
        for name, other in fold["baselines"].items():
            yield (
                stretch,
                spaced_name(name),
                *size,
                *_figure_cells(other["segments"][ALL]["metrics"]),
            )


def markdown_table(headings: Sequence[str], rows: Iterator[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [f"| {' | '.join(headings)} |", f"|{' --- |' * len(headings)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def exclusions_line(result: Figures) -> str:
    """Return one line on the rows read and left out."""
    counts = [f"{n:,} {why.replace('_', ' ')}" for why, n in result["excluded"].items() if n]
    read = result["rows"]
    rows = f"{read.get('read', 0):,} rows read, {read.get('quarantined', 0):,} quarantined"
    return f"{rows}; left out: {', '.join(counts) or 'nothing'}; intervals {result['intervals']}"


def spaced_name(name: str) -> str:
    """A name without underscores."""
    return name.replace("_", " ")


def format_number(value: float | None) -> str:
    """Three decimals; a dash where there is none."""
    return "-" if value is None else f"{value:.3f}"


def format_percent(share: float | None) -> str:
    """Format with one decimal; a dash for a missing value."""
    return "-" if share is None else f"{share:.1%}"


def _figure_cells(metrics: Figures) -> tuple[str, ...]:
    plain = {name: metrics.get(name, {}).get("value") for name in ("roc_auc", "ece")}
    return (
        format_number(plain["roc_auc"]),
        _interval_cell(metrics.get("pr_auc", {}), "value", ""),
        _interval_cell(metrics.get("log_loss", {}), "value", ""),
        format_number(plain["ece"]),
    )


def _verdict_cells(compared: Figures) -> tuple[str, ...]:
    """The difference of each figure compared, and what it shows."""
    comparisons = [compared.get(name, {}) for name in ("log_loss", "pr_auc")]
    return tuple(
        f"{_interval_cell(figure, 'difference', '+')}: {figure['verdict']}" if figure else "-"
        for figure in comparisons
    )


def _interval_cell(figure: Figures, name: str, sign: str) -> str:
    if figure.get(name) is None:
        return "-"
    ends = [f"{figure[end]:{sign}.3f}" for end in (name, "low", "high")]
    return f"{ends[0]} ({ends[1]} to {ends[2]})"


SIGNIFICANCE_NOTE = (
    "better, worse: beyond chance at 5 % after Holm's correction within the segment, "
    "by paired drawings of whole groups"
)


def render_backtest(result: Figures) -> Group:
    """Print a table per segment with the model's intervals, the verdicts and the rows left out."""
    baselines: Figures = result["baselines"]
    tables = [
        _segment_table(name, segment, {n: b["segments"][name] for n, b in baselines.items()})
        for name, segment in result["segments"].items()
    ]
    return Group(_heading(result), *tables, _verdict_table(result), exclusions_line(result))


def render_rolling_backtest(rolled: RollingBacktest) -> Group:
    """Print each stretch, then all stretches pooled with what the model must beat."""
    folds = _table("each stretch by itself", FOLD_HEADINGS, fold_rows(*_folds(rolled)))
    return Group(_rolling_heading(rolled), folds, *_pooled_tables(rolled), *_notes(rolled))


def rolling_markdown(rolled: RollingBacktest) -> str:
    """Return the same report as Markdown."""
    parts = (
        f"# {_rolling_heading(rolled)}",
        "## All stretches together",
        markdown_table(HEADINGS, segment_rows(rolled.figures)),
        "## Each stretch by itself",
        markdown_table(FOLD_HEADINGS, fold_rows(*_folds(rolled))),
        *_notes(rolled),
    )
    return "\n\n".join(parts) + "\n"


def _pooled_tables(rolled: RollingBacktest) -> Iterator[Table]:
    """Return a table per segment; what all its rows repeat is in its title."""
    repeated = slice(HEADINGS.index("forecast") + 1, HEADINGS.index("ROC-AUC"))
    headings = [h for h in HEADINGS[1:] if h not in HEADINGS[repeated]]
    for segment, rows in groupby(segment_rows(rolled.figures), key=itemgetter(0)):
        own, *others = rows
        n, share = own[repeated]
        cells = ((row[1], *row[repeated.stop :]) for row in (own, *others))
        yield _table(f"all stretches, {segment}: n {n}, share {share}", headings, cells)


def _folds(rolled: RollingBacktest) -> tuple[Sequence[Figures], list[str]]:
    return rolled.folds, [stretch.name for stretch in rolled.stretches]


def _notes(rolled: RollingBacktest) -> tuple[str, ...]:
    return (
        exclusions_line(rolled.figures),
        f"champion: {rolled.figures['champion']['said']}",
        SIGNIFICANCE_NOTE,
    )


def _rolling_heading(rolled: RollingBacktest) -> str:
    figures = rolled.figures
    period = f"{figures['cut']} until {figures['until']}" if figures["cut"] else "no dates"
    return (
        f"{figures['task']} on {figures['source']}, {len(rolled.folds)} folds ({period}): "
        f"{figures['n']:,} asks scored ({format_percent(figures['prevalence'])}), each once"
    )


def _heading(result: Figures) -> str:
    when = f"cut {result['cut']}, until {result['until'] or 'the end'}"
    period = when if result["cut"] else "no dates"
    taught = result["trained_on"]
    return (
        f"{result['task']} on {result['source']} ({period}): "
        f"{taught['n']:,} asks to learn from ({format_percent(taught['prevalence'])}), "
        f"{result['n']:,} scored ({format_percent(result['prevalence'])})"
    )


def _segment_table(name: str, model: Figures, others: Mapping[str, Figures]) -> Table:
    table = Table(title=f"{name}: n {model['n']:,}, share {format_percent(model['prevalence'])}")
    table.add_column("figure", no_wrap=True)
    for title in (MODEL, "low", "high"):
        table.add_column(title, justify="right", no_wrap=True)
    for other in others:
        table.add_column(spaced_name(other), justify="right")
    for figure, interval in model["metrics"].items():
        rest = [format_number(other["metrics"][figure]["value"]) for other in others.values()]
        own = [format_number(interval[end]) for end in ("value", "low", "high")]
        table.add_row(figure, *own, *rest)
    return table


def _verdict_table(result: Figures) -> Table:
    """The model against each of the others, beyond chance."""
    wanted = [HEADINGS.index(name) for name in ("segment", "forecast", *HEADINGS[-2:])]
    rows = (
        tuple(row[place] for place in wanted) for row in segment_rows(result) if row[1] != MODEL
    )
    return _table("the model against each", [HEADINGS[place] for place in wanted], rows)


def _table(title: str, headings: Sequence[str], rows: Iterator[tuple[str, ...]]) -> Table:
    """A row a forecast; what the first column repeats is said once, and intervals go below."""
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in headings:
        text = heading in {"segment", "stretch", "forecast"}
        table.add_column(heading, justify="left" if text else "right", no_wrap=not text)
    before = None
    for first, *rest in rows:
        if before not in (None, first) and headings[0] != "forecast":
            table.add_section()
        table.add_row("" if before == first else first, *map(_wrap_interval, rest))
        before = first
    return table


def _wrap_interval(cell: str) -> str:
    """`0.3 (0.2 to 0.4): better` with the interval below, so that the table is narrower."""
    value, bracket, after = cell.partition(" (")
    if not bracket:
        return cell
    ends, _, verdict = after.partition(")")
    return f"{value}{verdict.replace(':', '')}\n{ends}"
