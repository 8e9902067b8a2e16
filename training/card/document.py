"""Model card as plain values: sections, tables and cells of figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from training.card.facts import Figure, Views


class Tone(StrEnum):
    """Status of a cell; colour never carries it alone."""

    GOOD = "good"
    BAD = "bad"
    OPEN = "open"


@dataclass(frozen=True)
class IntervalMarks:
    """A value with its interval on a line from 0 to 100, and a mark to compare it with."""

    low: float
    value: float
    high: float
    mark: float


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes:
        text: text that is read first.
        more: small text under it.
        value: the exact number behind.
    """

    text: str
    more: str = ""
    value: float | None = None
    tone: Tone | None = None
    whisker: IntervalMarks | None = None


@dataclass(frozen=True)
class Table:
    """A table of cells.

    Attributes:
        head: column titles.
        rows: one cell per column.
        numbers: columns that are right-aligned.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    numbers: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Section:
    """One heading with its content, in this order."""

    key: str
    title: str
    paragraphs: Sequence[str] = ()
    points: Sequence[str] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Document:
    """A card.

    Attributes:
        summary: name and cell of the few things to know first.
    """

    title: str
    question: str
    status: str
    tone: Tone
    status_more: str
    summary: Sequence[tuple[str, Cell]]
    sections: Sequence[Section]
    footer: str


def text_cells(*row: object) -> list[Cell]:
    """Cells of plain text."""
    return [Cell(str(one)) for one in row]


ALL = "all"
SITE = "site:"
CLASS = "class:"
NO_VALUE = "-"
SHARE_FIGURES = {
    "prevalence",
    "coverage",
    "abstained",
    "interval_coverage",
    "reached",
    "said",
    "gap",
}
COUNT_FIGURES = {"rows", "events"}
COLUMN_TITLES = {
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


def format_figure(name: str, value: float | None) -> str:
    """Format a figure: counts whole, shares in percent, the others with three places."""
    if value is None:
        return NO_VALUE
    if name in COUNT_FIGURES:
        return f"{value:,.0f}"
    return f"{value:.1%}" if name in SHARE_FIGURES else f"{value:.3f}"


def figure_cell(name: str, figure: Figure | None) -> Cell:
    """Return a figure with its interval; a dash where it cannot be formed."""
    value = figure.get("value") if figure else None
    if figure is None or value is None:
        return Cell(NO_VALUE)
    low, high = figure.get("low"), figure.get("high")
    bounded = name not in COUNT_FIGURES and low is not None and high is not None
    more = f"{format_figure(name, low)} to {format_figure(name, high)}" if bounded else ""
    return Cell(format_figure(name, value), more, value)


def figures_table(
    views: Views, names: Iterable[str], what: str, titles: Mapping[str, str]
) -> Table:
    """Build one row per view, with a column for each metric that any view has.

    Args:
        views: figures by view.
        names: text of the first column, by view.
        what: title of the first column.
        titles: titles of the metrics.
    """
    wanted = [name for name in names if name in views]
    shown = [m for m in COLUMN_TITLES if any(m in views[name] for name in wanted)]
    rows = [
        [Cell(titles.get(name, name)), *(figure_cell(m, views[name].get(m)) for m in shown)]
        for name in wanted
    ]
    return Table(
        [what, *(COLUMN_TITLES[m] for m in shown)], rows, frozenset(range(1, len(shown) + 1))
    )


def segment_names(views: Views, kind: str) -> dict[str, str]:
    """Views of that kind and the names of what they show, in order."""
    return {name: name.removeprefix(kind) for name in sorted(views) if name.startswith(kind)}
