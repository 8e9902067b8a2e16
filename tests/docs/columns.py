"""Generate docs/columns.md: tasks, fields of a case, features and canonical tables."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from data.contracts.catalogue import TABLES
from data.contracts.table import KNOWN_AT, Column, Kind, Table
from features.feature import Feature, FeatureKind
from serving.tasks.catalogue import SERVED_TASKS
from serving.tasks.served_task import ServedTask
from tests.docs.markdown import anchor, table

HEAD = """\
# Tasks and columns

What each task asks, the fields of its case, the features of its model, and every canonical
table. This page is generated from `data/contracts/`, the features and the task catalogue by
`python -m tests.docs`; a test fails when it is out of date.

Words used here:

- **kind**: `text`, `number` (64-bit float), `flag` (true or false) or `moment` (a time with its
  offset, kept in UTC).
- **required**: the value may not be missing. Every other column may be missing, and missing is
  never read as zero.
- **happened_at, known_at**: the two clocks of a row. `happened_at` says when something
  happened, `known_at` since when this system could know it. A feature as of a day uses only
  rows whose `known_at` is before that day.
- **base units**: the unit in which an item is kept in stock (`items.base_unit`).
"""


def page() -> str:
    """Return the whole page."""
    tasks = list(SERVED_TASKS.values())
    lines = [*HEAD.splitlines(), "", *_contents(tasks)]
    for one in tasks:
        lines += ["", *_task(one)]
    lines += ["", "## Canonical tables", "", *_tables_intro()]
    for canonical in TABLES.values():
        lines += ["", *_table(canonical)]
    return "\n".join(lines) + "\n"


def _contents(tasks: Sequence[ServedTask]) -> Iterator[str]:
    yield "Tasks: " + ", ".join(_link(f"Task {one.task.name}", one.task.name) for one in tasks)
    yield ""
    yield "Tables: " + ", ".join(_link(f"Table {name}", name) for name in TABLES)


def _link(heading: str, name: str) -> str:
    return f"[`{name}`](#{anchor(heading)})"


def _task(one: ServedTask) -> Iterator[str]:
    task, shape = one.task, one.request.shape
    yield f"## Task {task.name}"
    yield ""
    yield f"{task.question}"
    yield ""
    facts = [
        ("classes", ", ".join(f"`{name}`" for name in task.classes)),
        ("a case is known by", ", ".join(f"`{name}`" for name in one.reference)),
        ("horizon", f"{task.horizon_days} days" if task.horizon_days else "none of its own"),
        ("days past the promise that are still on time", str(task.tolerance_days)),
        ("days that a label waits until late facts are known", str(task.settle_days)),
    ]
    if task.quantiles:
        quantiles = ", ".join(f"{q:g}" for q in task.quantiles)
        facts.append(("quantiles of the delay in days", quantiles))
    yield from table(("property", "value"), facts)
    yield ""
    yield f"### Fields of a {task.name} case"
    yield ""
    yield (
        "Sent to `POST /v1/" + task.name + "`. Every case may also carry `asked_at` and "
        "`money_at_risk`; types and limits are in the OpenAPI contract."
    )
    yield ""
    yield from _columns(shape.columns, one.request.required)
    for child, columns in shape.children.items():
        yield ""
        yield f"Each row of `{child}`:"
        yield ""
        needed = {str(c) for c in columns if c.required} | {str(KNOWN_AT)}
        yield from _columns(columns, needed)
    yield ""
    yield f"### Features of {task.name}"
    yield ""
    numbers = sum(f.kind is FeatureKind.NUMBER for f in task.features)
    yield (
        f"{len(task.features)} features: {numbers} numbers and "
        f"{len(task.features) - numbers} categories, by the theme that reasons are grouped under."
    )
    themes = sorted(task.features, key=lambda f: list(type(f.theme)).index(f.theme))
    for theme, features in groupby(themes, key=lambda f: f.theme):
        yield ""
        yield f"**{theme.capitalize()}**"
        yield ""
        headings = ("feature", "unit", "what a reviewer reads", "when it is missing")
        yield from table(headings, map(_feature, features))


def _feature(feature: Feature) -> tuple[str, str, str, str]:
    unit = feature.unit or ("category" if feature.kind is FeatureKind.CATEGORY else "")
    return f"`{feature.name}`", unit, f"`{feature.sentence}`", feature.missing


def _tables_intro() -> Iterator[str]:
    yield (
        "Sources are mapped onto these tables ([mapping reference](mapping.md)). A row that "
        "breaks a contract goes to quarantine with the reason."
    )


def _table(canonical: Table) -> Iterator[str]:
    yield f"### Table {canonical.name}"
    yield ""
    key = ", ".join(f"`{column}`" for column in canonical.key)
    yield f"One row: {canonical.grain}. Key: {key}."
    if canonical.observed:
        yield "Rows say what has happened: `known_at` may not be before `happened_at`."
    yield ""
    yield from _columns(canonical.columns, {str(c) for c in canonical.columns if c.required})


def _columns(columns: Sequence[Column], required: "set[str] | frozenset[str]") -> Iterator[str]:
    headings = ("column", "kind", "unit", "required", "takes", "meaning")
    rows = (
        (
            f"`{column}`",
            str(column.kind),
            "" if column.kind is Kind.MOMENT else column.unit,
            "yes" if str(column) in required else "",
            _takes(column),
            column.meaning,
        )
        for column in columns
    )
    yield from table(headings, rows)


def _takes(column: Column) -> str:
    if column.allowed:
        return ", ".join(f"`{value}`" for value in column.allowed)
    return "" if column.minimum is None else f"{column.minimum:g} or more"
