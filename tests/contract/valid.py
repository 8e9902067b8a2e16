"""Strategies of valid cases, generated from the columns of their tasks."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from data.contracts.sites import TIME_ZONE
from data.contracts.table import KNOWN_AT, Column, Kind
from models.catalogue import TASKS
from models.task import TaskName
from serving.tasks.catalogue import SERVED_TASKS
from serving.tasks.message_fields import EARLIEST_MOMENT, MAX_NUMBER
from serving.tasks.messages import ASKED_AT, MONEY_AT_RISK, TaskRequest

CATALOGUE = SERVED_TASKS
LAST = datetime(2199, 12, 30, tzinfo=UTC)
ROWS = 3
"""Upper bound of child rows of one kind in a case."""

TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=[*map(chr, range(32)), "\x7f"]),
    min_size=1,
    max_size=20,
)


def moments(latest: datetime) -> st.SearchStrategy[str]:
    """Return moments up to `latest`, in ISO 8601."""
    seconds = int((latest - EARLIEST_MOMENT).total_seconds())
    at = st.integers(0, seconds).map(lambda s: EARLIEST_MOMENT + timedelta(seconds=s))
    return at.map(lambda moment: moment.isoformat())


def values(column: Column, latest: datetime) -> st.SearchStrategy[Any]:
    """Return the valid values of a column, with moments up to `latest`."""
    match column.kind:
        case Kind.TEXT if column.allowed:
            return st.sampled_from(column.allowed)
        case Kind.TEXT if column == TIME_ZONE:
            return st.sampled_from(["Europe/Berlin", "America/Chicago", "Asia/Kolkata"])
        case Kind.TEXT:
            return TEXTS
        case Kind.FLAG:
            return st.booleans()
        case Kind.MOMENT:
            return moments(latest)
        case Kind.NUMBER:
            low = -MAX_NUMBER if column.minimum is None else column.minimum
            return st.one_of(st.floats(low, MAX_NUMBER), st.integers(int(low), 1000))


def some(columns: Any, needed: Any, latest: datetime) -> st.SearchStrategy[dict[str, Any]]:
    """Return objects with the needed columns and any of the others."""
    required = {str(c): values(c, latest) for c in columns if needed(c)}
    optional = {str(c): st.none() | values(c, latest) for c in columns if str(c) not in required}
    return st.fixed_dictionaries(required, optional=optional)


def cases(task: TaskName) -> st.SearchStrategy[dict[str, Any]]:
    """Return cases of a task, asked after all that they hold was known."""
    request: TaskRequest = CATALOGUE[task].request
    day = st.integers(1, (LAST - EARLIEST_MOMENT).days).map(
        lambda d: EARLIEST_MOMENT + timedelta(days=d)
    )
    return day.flatmap(lambda asked: _case(request, asked))


def _case(request: TaskRequest, asked: datetime) -> st.SearchStrategy[dict[str, Any]]:
    own = some(request.shape.columns, lambda c: str(c) in request.required, LAST)
    children = {
        child: st.lists(some(columns, lambda c: c.required or c == KNOWN_AT, asked), max_size=ROWS)
        for child, columns in request.shape.children.items()
    }
    money = {MONEY_AT_RISK: st.none() | st.floats(0, MAX_NUMBER)}
    beside = st.fixed_dictionaries(
        {ASKED_AT: st.just(asked.isoformat())}, optional={**children, **money}
    )
    return st.tuples(own, beside).map(lambda parts: parts[0] | parts[1])


def mixed() -> st.SearchStrategy[list[dict[str, Any]]]:
    """Return lists of cases of any tasks, as `/v1/triage` takes them."""
    one = st.sampled_from(list(TASKS)).flatmap(
        lambda task: cases(task).map(lambda case: {"task": str(task), "case": case})
    )
    return st.lists(one, min_size=1, max_size=3)
