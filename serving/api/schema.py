"""OpenAPI 3.1 of what we read and answer ourselves: strict bodies, headers, problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from models.task import TaskName
from serving.api.deprecated import DEPRECATED
from serving.api.messages import DecisionMessage
from serving.api.messages_triage import Mixed
from serving.api.problem_kind import ProblemKind
from serving.api.schema_access import RATE_LIMIT, REFUSED, SCHEMES, security
from serving.catalogue import Served

Json = dict[str, Any]

SCHEMAS = "#/components/schemas/{model}"
DECISION_PATH = "/v1/recommendations/{identifier}/decision"
PROBLEM = "Problem"
TEXT: Json = {"type": "string"}

TRACEPARENT: Json = {
    "name": "traceparent",
    "in": "header",
    "required": False,
    "description": "W3C Trace Context; its trace id is recorded. A new trace begins without one",
    "schema": TEXT,
}
IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "1 to 255 visible ASCII characters, e.g. a UUID; new for each thing that is to "
    "be done once. The same request sent again with its key gets the same answer, byte for byte, "
    "and nothing is recorded twice: send one, and after a broken connection, a 503 or a 504 send "
    "the same again",
    "schema": TEXT | {"minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
TRACERESPONSE: Json = {"description": "the trace id under which it is on record", "schema": TEXT}
REPLAYED: Json = {
    "description": "`true`: answered before, to a request with the same Idempotency-Key",
    "schema": TEXT | {"enum": ["true"]},
}
RETRY_AFTER: Json = {
    "description": "seconds after which asking again may help",
    "schema": {"type": "integer", "minimum": 1},
}

ASKED_TWICE: Mapping[str, str] = {
    "400": "An Idempotency-Key that cannot be used",
    "409": "The same request is being worked on",
    "410": "What the Idempotency-Key was answered with has been erased",
    "413": "Body too large",
    "415": "Not JSON",
    "422": "Fields that cannot be read, or an Idempotency-Key that was used for something else",
    "503": "Cannot be answered or recorded now",
    "504": "Not answered in time: whether it was recorded is not known; send the same again with "
    "the same Idempotency-Key",
}
LATER = {"503", "504"}
OF_A_RECOMMENDATION: Mapping[str, str] = {
    "404": "There is no such recommendation",
    "410": "It has been erased; what is proven of it stays",
    "503": "The record cannot be read or written now",
}


OF_THE_RECORD: Mapping[str, Mapping[str, str]] = {
    "/readyz": {"503": "Not every task can be answered and recorded now, and why"},
    "/v1/audit/checkpoint": {"404": "Nothing is signed", "503": "The record cannot be read now"},
    "/v1/audit/key": {"404": "Nothing is signed", "503": "The record cannot be read now"},
    "/problems/{kind}": {"404": "There is no such kind"},
    "/v1/events": {
        "400": "Not an event that can be read",
        "403": "An event of a site that is not yours",
        "409": "The id was used for another event",
        "413": "Body too large",
        "415": "Not JSON",
        "422": "Fields that cannot be read",
    },
}
FAILING: Mapping[str, str] = {
    "500": "The service failed",
    "503": "Cannot be answered or recorded now",
    "504": "Not answered in time",
}


def describe(app: FastAPI, tasks: Mapping[TaskName, Served], mixed: Mixed) -> None:
    """Add bodies, headers and problems to the application's own schema."""
    bodies: dict[str, type[BaseModel]] = {f"/v1/{n}": e.request.batch for n, e in tasks.items()}
    bodies["/v1/triage"] = mixed.batch
    bodies[DECISION_PATH] = DecisionMessage
    made = app.openapi

    def openapi() -> Json:
        schema = made()  # the same one every time
        if PROBLEM in _components(schema):
            return schema
        open_to_additions(schema)
        _components(schema)[PROBLEM] = _problem()
        schema["components"]["securitySchemes"] = SCHEMES
        for path, body in bodies.items():
            _asked_twice(schema, schema["paths"][path]["post"], body, decides=path == DECISION_PATH)
        for path, operation in _operations(schema):
            _whole(path, operation)
        for unused in ("HTTPValidationError", "ValidationError"):
            _components(schema).pop(unused, None)
        return schema

    app.openapi = openapi  # type: ignore[method-assign] # the way FastAPI documents


def _whole(path: str, operation: Json) -> None:
    """What holds for every operation: who may, the trace, and all problems it may answer."""
    if "{identifier}" in path:
        _refused(operation, OF_A_RECOMMENDATION, set())
    elif path in OF_THE_RECORD:
        _refused(operation, OF_THE_RECORD[path], set())
    if "422" in operation["responses"]:
        _refused(operation, {"422": ASKED_TWICE["422"]}, set())
    operation["security"] = security(path)
    if operation["security"]:
        _refused(operation, REFUSED, {"429"})
    _refused(operation, FAILING, LATER)
    if (gone := DEPRECATED.get(path)) is not None:
        operation["deprecated"] = True
        operation["description"] = f"Gone after {gone.sunset:%Y-%m-%d}; see {gone.link}."
    _traced(operation)


def _asked_twice(schema: Json, operation: Json, body: type[BaseModel], *, decides: bool) -> None:
    """An operation that takes a body and an Idempotency-Key."""
    described = body.model_json_schema(ref_template=SCHEMAS)
    components = _components(schema)
    components |= described.pop("$defs", {})
    components[body.__name__] = described
    content = {"application/json": {"schema": {"$ref": SCHEMAS.format(model=body.__name__)}}}
    operation["requestBody"] = {"required": True, "content": content}
    _named(operation, IDEMPOTENCY_KEY)
    done = operation["responses"]["201" if decides else "200"]
    done.setdefault("headers", {})["Idempotency-Replayed"] = REPLAYED
    told = operation["responses"].pop("409", {}).get("description")
    both = {"409": f"{told}; or {ASKED_TWICE['409'].lower()}"} if told else {}
    _refused(operation, {**ASKED_TWICE, **both}, LATER | {"409"})


def _traced(operation: Json) -> None:
    """Every operation takes a trace and answers with one, and says what the caller has left."""
    _named(operation, TRACEPARENT)
    for response in operation["responses"].values():
        headers = response.setdefault("headers", {})
        headers["traceresponse"] = TRACERESPONSE
        if operation["security"]:
            headers |= RATE_LIMIT


def _named(operation: Json, parameter: Json) -> None:
    parameters = operation.setdefault("parameters", [])
    if all(one["name"] != parameter["name"] for one in parameters):
        parameters.append(parameter)


def _refused(operation: Json, meanings: Mapping[str, str], later: set[str]) -> None:
    """Problems that an operation may answer; those that it names itself stay."""
    for status, meaning in meanings.items():
        before = operation["responses"].get(status, {})
        if status == "422" or not before:
            before = {"description": meaning}
        content = {"application/problem+json": {"schema": {"$ref": SCHEMAS.format(model=PROBLEM)}}}
        headers = {"Retry-After": RETRY_AFTER} if status in later | LATER else {}
        headers |= {"traceresponse": TRACERESPONSE}
        operation["responses"][status] = {**before, "content": content, "headers": headers}


def open_to_additions(schema: Json) -> None:
    """Answers may say more one day, and nobody should refuse them for it."""
    for component in _components(schema).values():
        component.pop("additionalProperties", None) if component.get("properties") else None


def _operations(schema: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in schema["paths"].items():
        for operation in methods.values():
            yield path, operation


def _components(schema: Json) -> Json:
    made: Json = schema.setdefault("components", {}).setdefault("schemas", {})
    return made


def _problem() -> Json:
    """A problem as RFC 9457 says, with our members; see `serving.api.problems`."""
    number = {"type": "integer"}
    field = dict.fromkeys(("field", "got", "takes"), TEXT)
    return {
        "type": "object",
        "required": ["type", "title", "status", "detail", "trace_id"],
        "properties": {
            "type": TEXT
            | {
                "format": "uri-reference",
                "description": "the kind of problem, the same in every version; its address "
                "explains it. New kinds may come: go by `status` where you do not know one",
                "examples": [kind.type for kind in ProblemKind],
            },
            "title": TEXT,
            "status": number,
            "detail": TEXT,
            "mend": TEXT | {"description": "what helps"},
            "trace_id": TEXT | {"description": "under which it is on record, if it is"},
            "audit_sequence": number | {"description": "of the entry that records it"},
            "errors": {"type": "array", "items": {"type": "object", "properties": field}},
        },
    }
