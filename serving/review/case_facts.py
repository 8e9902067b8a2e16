"""Facts of a recorded case for a report.

Name, value with unit, meaning, and source table and field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from data.contracts.catalogue import TABLES
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Kind
from models.explanation import OTHER_FEATURES
from serving.policy.finding import format_amount
from serving.tasks.served_task import CaseEvidence, ChildSource, ServedTask


def field_origin(evidence: CaseEvidence, column: Column) -> str:
    """Return `table.field` of a column of a case."""
    if column in evidence.renamed:
        return evidence.renamed[column]
    for name in evidence.tables:
        if column in TABLES[name].columns:
            return f"{name}.{column}"
    return str(column)


def field_title(name: str) -> str:
    """A field's name as words: `po_unit_price` is "PO unit price"."""
    text = name.replace("_", " ").replace("po ", "PO ")
    return text[:1].upper() + text[1:]


Payload = Mapping[str, Any]


@dataclass(frozen=True)
class CaseFact:
    """One value of the case."""

    name: str
    meaning: str
    value: str
    origin: str


@dataclass(frozen=True)
class ChildTable:
    """Children of the case, as a table."""

    title: str
    origin: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class ModelFact:
    """One thing the model looked at, and what it did to the probability."""

    theme: str
    sentence: str
    points: str

    @property
    def moved(self) -> bool:
        """Whether it moved the probability as far as it is printed."""
        return self.points != "0.0"


def stated_facts(served: ServedTask, payload: Payload) -> list[CaseFact]:
    """What the request said, field by field, without what it left out."""
    case, evidence = payload["input"], served.evidence
    return [
        CaseFact(field_title(c), c.meaning, format_value(c, case[c]), field_origin(evidence, c))
        for c in served.request.shape.columns
        if case[c] is not None
    ]


def omitted_facts(served: ServedTask, payload: Payload) -> list[CaseFact]:
    """What the request could have said and did not."""
    return [
        CaseFact(field_title(c), c.meaning, "not given", field_origin(served.evidence, c))
        for c in served.request.shape.columns
        if payload["input"][c] is None
    ]


def child_tables(served: ServedTask, payload: Payload) -> list[ChildTable]:
    """What belongs to the case: receipts, messages, earlier invoices, scheduled receipts."""
    return [
        _child_table(served.evidence.children[name], columns, payload["input"][name])
        for name, columns in served.request.shape.children.items()
        if payload["input"][name]
    ]


def empty_child_titles(served: ServedTask, payload: Payload) -> list[str]:
    """Children that the case has none of, in words."""
    names = [name for name in served.request.shape.children if not payload["input"][name]]
    return [served.evidence.children[name].title.lower() for name in names]


def known_model_facts(payload: Payload) -> list[ModelFact]:
    """Everything the model saw, the strongest first; what was missing is listed apart."""
    return _merge_equal_sentences(
        [s for s in _steps_by_strength(payload) if s["value"] is not None]
    )


def missing_model_facts(payload: Payload) -> list[ModelFact]:
    """What the model would have liked to see, and what it means that it is not there."""
    return _merge_equal_sentences([s for s in _steps_by_strength(payload) if s["value"] is None])


def format_value(column: Column, value: Any) -> str:
    """A value with its unit, as people write it."""
    if value is None:
        return "not given"
    match column.kind:
        case Kind.MOMENT:
            return format_moment(value)
        case Kind.NUMBER if column.unit == "share":
            return f"{value:.1%}"
        case Kind.NUMBER:
            return (
                f"{format_amount(value)} {'' if column.unit == 'currency' else column.unit}".strip()
            )
        case Kind.FLAG:
            return "yes" if value else "no"
        case Kind.TEXT:
            return str(value)


def format_moment(value: str) -> str:
    """An ISO moment as a date and minute in UTC; midnight as a date."""
    at = datetime.fromisoformat(value)
    return f"{at:%d %b %Y}" if (at.hour, at.minute) == (0, 0) else f"{at:%d %b %Y %H:%M} UTC"


def _steps_by_strength(payload: Payload) -> list[dict[str, Any]]:
    steps = [s for s in payload["score"]["steps"] if s["feature"] != OTHER_FEATURES]
    return sorted(steps, key=lambda step: -abs(step["contribution"]))


def _merge_equal_sentences(steps: list[dict[str, Any]]) -> list[ModelFact]:
    """The steps as facts; several that read the same (one past, many measures) are one."""
    together: dict[tuple[str, str], float] = {}
    for step in steps:
        text = step["sentence"].removeprefix("missing: ")
        place = (step["theme"], text[:1].upper() + text[1:])
        together[place] = together.get(place, 0.0) + step["contribution"]
    ranked = sorted(together.items(), key=lambda item: -abs(item[1]))
    return [ModelFact(theme, text, _format_points(change)) for (theme, text), change in ranked]


def _format_points(contribution: float) -> str:
    points = f"{100 * contribution:+.1f}"
    return "0.0" if points in {"+0.0", "-0.0"} else points


def _child_table(
    source: ChildSource, columns: tuple[Column, ...], given: list[dict[str, Any]]
) -> ChildTable:
    used = [c for c in columns if any(row[c] is not None for row in given)]
    clocks = {str(HAPPENED_AT): "Happened", str(KNOWN_AT): "Known since"}
    return ChildTable(
        title=source.title,
        origin=source.table,
        head=tuple(clocks.get(c, field_title(c)) for c in used),
        rows=tuple(
            tuple("" if row[c] is None else format_value(c, row[c]) for c in used)
            for row in sorted(given, key=lambda row: row[KNOWN_AT])
        ),
    )
