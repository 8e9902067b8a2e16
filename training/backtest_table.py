"""A backtest as a table: figures down, the model and what it is compared with across."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.table import Table

MODEL = "model"
Figures = Mapping[str, Any]


def render(result: Figures) -> Group:
    """One table a segment, with intervals for the model, and a line on what was left out."""
    baselines: Figures = result["baselines"]
    tables = [
        _segment(name, segment, {n: b["segments"][name] for n, b in baselines.items()})
        for name, segment in result["segments"].items()
    ]
    return Group(_heading(result), *tables, _left_out(result))


def _heading(result: Figures) -> str:
    when = f"cut {result['cut']}, until {result['until'] or 'the end'}"
    period = when if result["cut"] else "no dates"
    taught = result["trained_on"]
    return (
        f"{result['task']} on {result['source']} ({period}): "
        f"{taught['n']:,} asks to learn from ({_percent(taught['prevalence'])}), "
        f"{result['n']:,} scored ({_percent(result['prevalence'])})"
    )


def _segment(name: str, model: Figures, others: Mapping[str, Figures]) -> Table:
    table = Table(title=f"{name}: n {model['n']:,}, share {_percent(model['prevalence'])}")
    table.add_column("figure", no_wrap=True)
    for title in (MODEL, "low", "high"):
        table.add_column(title, justify="right", no_wrap=True)
    for other in others:
        table.add_column(other.replace("_", " "), justify="right")
    for figure, interval in model["metrics"].items():
        rest = [_number(other["metrics"][figure]["value"]) for other in others.values()]
        own = [_number(interval[end]) for end in ("value", "low", "high")]
        table.add_row(figure, *own, *rest)
    return table


def _left_out(result: Figures) -> str:
    counts = [f"{n:,} {why.replace('_', ' ')}" for why, n in result["excluded"].items() if n]
    rows = result["rows"]
    read = f"{rows.get('read', 0):,} rows read, {rows.get('quarantined', 0):,} quarantined"
    left_out = f"left out: {', '.join(counts) or 'nothing'}"
    return f"{read}; {left_out}; intervals {result['intervals']}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
