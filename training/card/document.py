"""A card as plain values, before it is HTML or Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """How something stands; colours never say it alone."""

    GOOD = "good"
    BAD = "bad"
    OPEN = "open"


@dataclass(frozen=True)
class Whisker:
    """A value with its interval on a line from 0 to 100, and a mark to compare it with."""

    low: float
    value: float
    high: float
    mark: float


@dataclass(frozen=True)
class Cell:
    """text: what is read first. more: under it, in small. value: the exact number behind."""

    text: str
    more: str = ""
    value: float | None = None
    tone: Tone | None = None
    whisker: Whisker | None = None


@dataclass(frozen=True)
class Table:
    """head: column titles. rows: one cell a column. numbers: columns that are set right."""

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    numbers: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Section:
    """One heading and what is under it, in this order."""

    key: str
    title: str
    paragraphs: Sequence[str] = ()
    points: Sequence[str] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Document:
    """A card. summary: name and cell of the few things to know first."""

    title: str
    question: str
    status: str
    tone: Tone
    status_more: str
    summary: Sequence[tuple[str, Cell]]
    sections: Sequence[Section]
    footer: str


def texts(*row: object) -> list[Cell]:
    """Cells of plain text."""
    return [Cell(str(one)) for one in row]
