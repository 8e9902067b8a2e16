"""Facts of a recorded case for a report: name, value with unit, meaning, source table and field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from data.contracts.catalogue import TABLES
from data.contracts.invoices import INVOICE_LINE_ID
from data.contracts.items import ITEM_ID, ITEM_NAME
from data.contracts.sites import SITE_ID, SITE_NAME
from data.contracts.suppliers import SUPPLIER_ID, SUPPLIER_NAME
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Kind
from models.explanation import OTHER_FEATURES
from serving.pipeline.completion import FROM_LAKE, LINK
from serving.tasks.served_task import ChildSource, FactSources, ServedTask


def field_origin(sources: FactSources, column: Column) -> str:
    """Return `table.field` of a column of a case."""
    if column in sources.renamed:
        return sources.renamed[column]
    for name in sources.tables:
        if column in TABLES[name].columns:
            return f"{name}.{column}"
    return str(column)


def field_title(name: str) -> str:
    """Write a field's name as words: `po_unit_price` is "PO unit price"."""
    text = name.replace("_", " ").replace("po ", "PO ")
    return text[:1].upper() + text[1:]


Payload = Mapping[str, Any]


@dataclass(frozen=True)
class CaseFact:
    """One value of the case. from_lake: added to what the caller sent."""

    name: str
    meaning: str
    value: str
    origin: str
    from_lake: bool = False


@dataclass(frozen=True)
class NamedId:
    """An id of the case beside the name of what it stands for. name: empty where not known."""

    title: str
    id: str
    name: str


@dataclass(frozen=True)
class ChildTable:
    """Children of the case, such as receipts, as a table."""

    title: str
    origin: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class ModelFact:
    """One or several features that read the same, and how far they moved the probability."""

    theme: str
    sentence: str
    points: str

    @property
    def moved(self) -> bool:
        """Whether the printed change is not zero."""
        return self.points != "0.0"


NAMED_IDS = (
    ("Site", SITE_ID, SITE_NAME),
    ("Supplier", SUPPLIER_ID, SUPPLIER_NAME),
    ("Item", ITEM_ID, ITEM_NAME),
)


def named_ids(payload: Payload) -> list[NamedId]:
    """List site, supplier and item of the case, each id with its name: "V008 Nordwerk GmbH"."""
    case = payload["input"]
    return [
        NamedId(title, case[identifier], case.get(name) or "")
        for title, identifier, name in NAMED_IDS
        if case.get(identifier)
    ]


def document_address(payload: Payload) -> str:
    """Return the recorded address of the ERP's page of the document; empty without one."""
    link: str = payload.get("context", {}).get(LINK, "")
    return link


def stated_facts(served: ServedTask, payload: Payload) -> list[CaseFact]:
    """List the fields of the case that have a value, and which of them the lake added."""
    case, sources, added = payload["input"], served.fact_sources, _names_from_lake(payload)
    return [
        CaseFact(
            field_title(c),
            c.meaning,
            format_value(c, case[c]),
            field_origin(sources, c),
            str(c) in added,
        )
        for c in served.request.shape.columns
        if case.get(c) is not None
    ]


def _names_from_lake(payload: Payload) -> frozenset[str]:
    return frozenset(payload.get("context", {}).get(FROM_LAKE, ()))


def omitted_facts(served: ServedTask, payload: Payload) -> list[CaseFact]:
    """List the fields that the request left out."""
    return [
        CaseFact(field_title(c), c.meaning, "not given", field_origin(served.fact_sources, c))
        for c in served.request.shape.columns
        if payload["input"].get(c) is None
    ]


def child_tables(served: ServedTask, payload: Payload) -> list[ChildTable]:
    """List the children of the case: receipts, messages, earlier invoices, and the like."""
    sources, given, added = served.fact_sources, payload["input"], _names_from_lake(payload)
    return [
        _child_table(name, sources.children[name], columns, given[name], added)
        for name, columns in served.request.shape.children.items()
        if given.get(name)
    ]


def empty_child_titles(served: ServedTask, payload: Payload) -> list[str]:
    """Return the titles of the child tables that are empty, in lower case."""
    names = [name for name in served.request.shape.children if not payload["input"].get(name)]
    return [served.fact_sources.children[name].title.lower() for name in names]


def known_model_facts(payload: Payload) -> list[ModelFact]:
    """List the features that had a value, the strongest first."""
    return _merge_equal_sentences(
        [s for s in _steps_by_strength(payload) if s["value"] is not None]
    )


def missing_model_facts(payload: Payload) -> list[ModelFact]:
    """List the features whose value was missing, the strongest first."""
    return _merge_equal_sentences([s for s in _steps_by_strength(payload) if s["value"] is None])


def format_value(column: Column, value: Any) -> str:
    """Write a value with its unit."""
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


def format_amount(value: float) -> str:
    """Write a number as 1,234.5: two decimals at most, without trailing zeros."""
    text = f"{value:,.2f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_moment(value: str) -> str:
    """Write an ISO moment as date and minute in UTC; midnight as a date only."""
    at = datetime.fromisoformat(value)
    return f"{at:%d %b %Y}" if (at.hour, at.minute) == (0, 0) else f"{at:%d %b %Y %H:%M} UTC"


def _steps_by_strength(payload: Payload) -> list[dict[str, Any]]:
    steps = [s for s in payload["score"]["steps"] if s["feature"] != OTHER_FEATURES]
    return sorted(steps, key=lambda step: -abs(step["contribution"]))


def _merge_equal_sentences(steps: list[dict[str, Any]]) -> list[ModelFact]:
    """Turn steps into facts; steps of the same theme and sentence become one fact."""
    changes: dict[tuple[str, str], float] = {}
    for step in steps:
        text = step["sentence"].removeprefix("missing: ")
        key = (step["theme"], text[:1].upper() + text[1:])
        changes[key] = changes.get(key, 0.0) + step["contribution"]
    ranked = sorted(changes.items(), key=lambda item: -abs(item[1]))
    return [ModelFact(theme, text, _format_points(change)) for (theme, text), change in ranked]


def _format_points(contribution: float) -> str:
    points = f"{100 * contribution:+.1f}"
    return "0.0" if points in {"+0.0", "-0.0"} else points


def _child_table(
    name: str,
    source: ChildSource,
    columns: tuple[Column, ...],
    children: list[dict[str, Any]],
    added: frozenset[str],
) -> ChildTable:
    """Build the table of a list of children; its last column says which the lake added."""
    used = [c for c in columns if any(row.get(c) is not None for row in children)]
    clocks = {str(HAPPENED_AT): "Happened", str(KNOWN_AT): "Known since"}
    origins = [
        FROM_THE_LAKE if {name, f"{name}/{row.get(INVOICE_LINE_ID)}"} & added else AS_SENT
        for row in children
    ]
    shows_origin = FROM_THE_LAKE in origins
    told = sorted(zip(children, origins, strict=True), key=lambda pair: pair[0][KNOWN_AT])
    return ChildTable(
        title=source.title,
        origin=source.table,
        head=(*(clocks.get(c, field_title(c)) for c in used), *["Where from"] * shows_origin),
        rows=tuple(
            (
                *("" if row.get(c) is None else format_value(c, row[c]) for c in used),
                *[origin] * shows_origin,
            )
            for row, origin in told
        ),
    )


FROM_THE_LAKE, AS_SENT = "from the lake", "as sent"
