"""Figures of views as cells: a value that can be read, its interval, and the exact number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from training.card.document import Cell, Table
from training.card.facts import Figure, Views

ALL = "all"
SITE = "site:"
CLASS = "class:"
NOTHING = "-"
SHARES = {"prevalence", "coverage", "abstained", "interval_coverage", "reached", "said", "gap"}
COUNTS = {"rows", "events"}
SHOWN = {
    "rows": "asks",
    "events": "events",
    "log_loss": "log-loss",
    "ece": "calibration error",
    "pr_auc": "PR-AUC",
    "coverage": "set holds truth",
    "abstained": "no advice",
    "mae": "error, days",
    "interval_coverage": "interval holds truth",
}


def number(name: str, value: float | None) -> str:
    """A figure as text: counts whole, shares in percent, the others with three places."""
    if value is None:
        return NOTHING
    if name in COUNTS:
        return f"{value:,.0f}"
    return f"{value:.1%}" if name in SHARES else f"{value:.3f}"


def cell(name: str, figure: Figure | None) -> Cell:
    """A figure with its interval; a dash where it cannot be formed."""
    value = figure.get("value") if figure else None
    if figure is None or value is None:
        return Cell(NOTHING)
    low, high = figure.get("low"), figure.get("high")
    bounded = name not in COUNTS and low is not None and high is not None
    more = f"{number(name, low)} to {number(name, high)}" if bounded else ""
    return Cell(number(name, value), more, value)


def table(views: Views, names: Iterable[str], what: str, said: Mapping[str, str]) -> Table:
    """One row a view, the metrics that any of them has as columns. said: names to show."""
    wanted = [name for name in names if name in views]
    shown = [m for m in SHOWN if any(m in views[name] for name in wanted)]
    rows = [
        [Cell(said.get(name, name)), *(cell(m, views[name].get(m)) for m in shown)]
        for name in wanted
    ]
    return Table([what, *(SHOWN[m] for m in shown)], rows, frozenset(range(1, len(shown) + 1)))


def parts(views: Views, kind: str) -> dict[str, str]:
    """Views of that kind and the names of what they show, in order."""
    return {name: name.removeprefix(kind) for name in sorted(views) if name.startswith(kind)}
