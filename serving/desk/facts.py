"""The facts of a recorded case, for people: what, where from, since when known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Kind
from models.explain import OTHERS
from models.task import TaskName
from serving.desk.origin import CHILD_TABLE, CHILD_TITLE, SHAPES, origin, words
from serving.policy.finding import amount

Payload = Mapping[str, Any]


@dataclass(frozen=True)
class Fact:
    """One value of the case."""

    name: str
    meaning: str
    value: str
    origin: str


@dataclass(frozen=True)
class Rows:
    """Children of the case, as a table."""

    title: str
    origin: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class PastFact:
    """One thing the model looked at, and what it did to the probability."""

    theme: str
    sentence: str
    points: str

    @property
    def moved(self) -> bool:
        """Whether it moved the probability as far as it is printed."""
        return self.points != "0.0"


def facts(payload: Payload) -> list[Fact]:
    """What the request said, field by field, without what it left out."""
    task = TaskName(payload["recommendation"]["task"])
    given = payload["input"]
    return [
        Fact(words(c), c.meaning, shown(c, given[c]), origin(task, c))
        for c in SHAPES[task].columns
        if given[c] is not None
    ]


def left_out(payload: Payload) -> list[Fact]:
    """What the request could have said and did not."""
    task = TaskName(payload["recommendation"]["task"])
    return [
        Fact(words(c), c.meaning, "not given", origin(task, c))
        for c in SHAPES[task].columns
        if payload["input"][c] is None
    ]


def children(payload: Payload) -> list[Rows]:
    """What belongs to the case: receipts, messages, earlier invoices, scheduled receipts."""
    task = TaskName(payload["recommendation"]["task"])
    return [
        _rows(name, columns, payload["input"][name])
        for name, columns in SHAPES[task].children.items()
        if payload["input"][name]
    ]


def none_given(payload: Payload) -> list[str]:
    """Children that the case has none of, in words."""
    task = TaskName(payload["recommendation"]["task"])
    names = [name for name in SHAPES[task].children if not payload["input"][name]]
    return [CHILD_TITLE[name].lower() for name in names]


def looked_at(payload: Payload) -> list[PastFact]:
    """Everything the model saw, the strongest first; what was missing is listed apart."""
    return _told([s for s in _steps(payload) if s["value"] is not None])


def missing(payload: Payload) -> list[PastFact]:
    """What the model would have liked to see, and what it means that it is not there."""
    return _told([s for s in _steps(payload) if s["value"] is None])


def shown(column: Column, value: Any) -> str:
    """A value with its unit, as people write it."""
    if value is None:
        return "not given"
    match column.kind:
        case Kind.MOMENT:
            return moment(value)
        case Kind.NUMBER if column.unit == "share":
            return f"{value:.1%}"
        case Kind.NUMBER:
            return f"{amount(value)} {'' if column.unit == 'currency' else column.unit}".strip()
        case Kind.FLAG:
            return "yes" if value else "no"
        case Kind.TEXT:
            return str(value)


def moment(value: str) -> str:
    """An ISO moment as a date and minute in UTC; midnight as a date."""
    at = datetime.fromisoformat(value)
    return f"{at:%d %b %Y}" if (at.hour, at.minute) == (0, 0) else f"{at:%d %b %Y %H:%M} UTC"


def _steps(payload: Payload) -> list[dict[str, Any]]:
    steps = [s for s in payload["score"]["steps"] if s["feature"] != OTHERS]
    return sorted(steps, key=lambda step: -abs(step["contribution"]))


def _told(steps: list[dict[str, Any]]) -> list[PastFact]:
    """The steps as facts; several that read the same (one past, many measures) are one."""
    together: dict[tuple[str, str], float] = {}
    for step in steps:
        text = step["sentence"].removeprefix("missing: ")
        place = (step["theme"], text[:1].upper() + text[1:])
        together[place] = together.get(place, 0.0) + step["contribution"]
    ranked = sorted(together.items(), key=lambda item: -abs(item[1]))
    return [PastFact(theme, text, _points(change)) for (theme, text), change in ranked]


def _points(contribution: float) -> str:
    points = f"{100 * contribution:+.1f}"
    return "0.0" if points in {"+0.0", "-0.0"} else points


def _rows(name: str, columns: tuple[Column, ...], given: list[dict[str, Any]]) -> Rows:
    used = [c for c in columns if any(row[c] is not None for row in given)]
    clocks = {str(HAPPENED_AT): "Happened", str(KNOWN_AT): "Known since"}
    return Rows(
        title=CHILD_TITLE[name],
        origin=CHILD_TABLE[name],
        head=tuple(clocks.get(c, words(c)) for c in used),
        rows=tuple(
            tuple("" if row[c] is None else shown(c, row[c]) for c in used)
            for row in sorted(given, key=lambda row: row[KNOWN_AT])
        ),
    )
