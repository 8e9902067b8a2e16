"""Request bodies of the large operations, valid ones and ones with one defect.

What the contract alone makes up is seldom a case that any task would take, and slow to make:
these come from the columns of the tables, and are spoiled one place at a time.
"""

import copy
import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st

from data.contracts.table import HAPPENED_AT
from models.catalogue import TASKS
from serving.events.received_event import EVENT_CONTRACTS
from serving.tasks.messages import Explain
from tests.contract.fuzz import CHECKS, Found
from tests.contract.valid import TEXTS, cases, mixed, moments, some

JUNK: tuple[Any, ...] = (
    None, True, "", " ", "\x00", "\u202etxt.exe", "x" * 2000, "2999-01-01T00:00:00Z", "NaN",
    -1, 0, -0.0, 1e308, -1e308, 5e-324, 2**53, 2**64, 10**400, math.nan, math.inf,
    [], {}, [[]], {"a": {"a": {}}}, [None], "1970-01-01", "2026-02-30T00:00:00Z", "\ud7ff",
)  # fmt: skip
LATEST = datetime(2026, 1, 1, tzinfo=UTC)  # time of the latest event
EVENT_TYPE = "application/cloudevents+json"


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value inside a body."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for name, part in inner if isinstance(value, (dict, list)) else ():
        yield (*at, name)
        if isinstance(part, (dict, list)):
            yield from places(part, (*at, name))


@st.composite
def spoiled(draw: Any, valid: st.SearchStrategy[Any]) -> Any:
    """Draw a body with one value replaced or removed, or one field added."""
    body = copy.deepcopy(draw(valid))
    *path, last = draw(st.sampled_from(list(places(body))))
    inside = body
    for name in path:
        inside = inside[name]
    match draw(st.integers(0, 9)):
        case 0:
            del inside[last]
        case 1 if isinstance(inside, dict):
            inside["undocumented"] = draw(st.sampled_from(JUNK))
        case _:
            inside[last] = draw(st.sampled_from(JUNK))
    return body


def events() -> st.SearchStrategy[dict[str, Any]]:
    """Return CloudEvents of every type, most of them valid."""
    return st.sampled_from(list(EVENT_CONTRACTS)).flatmap(_event)


def _event(type_: Any) -> st.SearchStrategy[dict[str, Any]]:
    columns = EVENT_CONTRACTS[type_].columns
    data = some(columns, lambda c: c.required and c != HAPPENED_AT, LATEST)
    envelope = {
        "specversion": st.just("1.0"),
        "id": TEXTS | st.builds(lambda: str(uuid4())),  # what is drawn is drawn again and again
        "source": st.just("/wms"),
        "type": st.just(str(type_)),
        "time": moments(LATEST),
        "data": data,
    }
    return st.fixed_dictionaries(envelope, optional={"subject": st.none() | TEXTS})


def request_bodies(some: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return bodies with the cases, with or without the `explain` field."""
    wish = {"explain": st.sampled_from([str(one) for one in Explain])}
    return st.fixed_dictionaries({"cases": some}, optional=wish)


def of_operation(label: str) -> st.SearchStrategy[Any] | None:
    """Return valid bodies of an operation; None if the contract alone suffices."""
    for task in TASKS:
        if label == f"POST /v1/{task}":
            return request_bodies(st.lists(cases(task), min_size=1, max_size=2))
    if label == "POST /v1/triage":
        return request_bodies(mixed())
    return events() if label == "POST /v1/events" else None


def ask(operation: Any, valid: st.SearchStrategy[Any], count: int, seed: int) -> Found:
    """Send bodies, every other one with a defect, and check each answer against the contract.

    Raises:
        an error of a check, as `fuzz` does.
    """
    observed = Found(operation.label)
    kind = EVENT_TYPE if operation.label.endswith("/events") else "application/json"

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(body=valid | spoiled(valid))
    def one(body: Any) -> None:
        case = operation.Case(body=json.dumps(body).encode(), media_type=kind)
        answer = case.call()
        observed.statuses[answer.status_code] += 1
        case.validate_response(answer, checks=list(CHECKS))

    one()
    return observed
