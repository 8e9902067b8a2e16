"""Validation errors as a problem: each field with what it got and what it takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from data.contracts.decisions import Action
from models.catalogue import TASKS
from serving.http.problems import Problem
from serving.http.triage_messages import TASK, TASK_TAG_ERRORS, TriageRequest
from serving.tasks.message_fields import ACCEPTED_MOMENT, ACCEPTED_TEXT, accepted_values
from serving.tasks.messages import (
    ASKED_AT,
    MAX_CASES,
    MAX_CHILDREN,
    MONEY_AT_RISK,
    Explain,
    FieldPath,
    TaskRequest,
)

MAX_ERRORS = 100
MAX_SHOWN_CHARACTERS = 120
PERSON_FIELD = "person"


def validation_problem(error: ValidationError, request: TaskRequest | TriageRequest) -> Problem:
    """Return the 422 that names every field (at most 100), what it got and what it takes."""
    errors = list(_field_errors(error, request))
    listed = errors[:MAX_ERRORS]
    more = f"; the first {len(listed)} are listed" if len(errors) > len(listed) else ""
    noun = "field" if len(errors) == 1 else "fields"
    return Problem(422, f"{len(errors)} {noun} cannot be read{more}", listed)


def _field_errors(
    error: ValidationError, request: TaskRequest | TriageRequest
) -> Iterator[dict[str, Any]]:
    for one in error.errors(include_url=False):
        if one["type"] in TASK_TAG_ERRORS:
            yield _task_error(one)
            continue
        yield {
            "field": field_path(request.sender_path(one["loc"])),
            "got": _received(one),
            "takes": _accepted(one, request),
        }


def _task_error(error: ErrorDetails) -> dict[str, Any]:
    """Return the error of a case of a mixed request whose task is missing or unknown."""
    task = error["input"].get(TASK) if isinstance(error["input"], dict) else None
    got = "nothing" if task is None else _shortened_json(task)
    takes = "one of " + ", ".join(TASKS)
    return {"field": f"{field_path(error['loc'])}.{TASK}", "got": got, "takes": takes}


def field_path(location: FieldPath) -> str:
    """Return ("cases", 3, "on_hand") as `cases[3].on_hand`."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".") or "(body)"


def _received(error: ErrorDetails) -> str:
    match error["type"]:
        case "missing" | "reason_missing":
            return "nothing"
        case "json_invalid":
            return f"text that is not JSON: {error['ctx']['error']}"
        case "too_long" | "too_short":
            return f"{len(error['input'])} of them"
    if error["loc"] and error["loc"][-1] == PERSON_FIELD:
        return "something else"  # a person's name is never sent back
    return _shortened_json(error["input"])


def _shortened_json(value: Any) -> str:
    text = json.dumps(value, default=str)
    cut = len(text) > MAX_SHOWN_CHARACTERS
    return f"{text[:MAX_SHOWN_CHARACTERS]}..." if cut else text


def _accepted(error: ErrorDetails, request: TaskRequest | TriageRequest) -> str:
    place = request.locate(error["loc"])
    match error["type"]:
        case "extra_forbidden":
            names = (
                request.known_fields(error["loc"])
                if place is None
                else place[0].known_fields(place[1])
            )
            return "no such field; there are " + ", ".join(names)
        case "json_invalid":
            return "a JSON object"
        case "reason_missing":
            return "a reason, when a recommendation is overridden"
    if place is None:
        return ACCEPTED_BY_FIELD.get(field_path(error["loc"]), "a JSON object")
    return _accepted_at(*place)


def _accepted_at(request: TaskRequest, location: FieldPath) -> str:
    name = str(location[-1]) if location else ""
    column = request.column(location)
    if column is not None:
        return accepted_values(column) + ("" if request.is_required(location) else ", or null")
    if name in request.shape.children:
        return f"a list of at most {MAX_CHILDREN} objects"
    return ACCEPTED_BY_FIELD.get(name, "a JSON object")


ACCEPTED_BY_FIELD = {
    "explain": "one of " + ", ".join(Explain),
    "cases": f"a list of 1 to {MAX_CASES} cases",
    ASKED_AT: f"{ACCEPTED_MOMENT}, or null",
    MONEY_AT_RISK: "a number from 0 to 1e+12, in the case's currency, or null",
    "action": "one of " + ", ".join(Action),
    "role": ACCEPTED_TEXT,
    "resolved_as": f"{ACCEPTED_TEXT}, or null",
    "reason": "text of 1 to 2000 characters, or null",
    PERSON_FIELD: f"{ACCEPTED_TEXT}, or null",
    "shown_at": f"{ACCEPTED_MOMENT}, or null",
}
