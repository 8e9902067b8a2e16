"""Complete the OpenAPI document.

Request bodies, idempotency and trace headers, problems, security schemes and scopes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from models.catalogue import TASKS
from models.task import TaskName
from serving.auth.caller import ALL_SCOPES, AccessScope, scoring_scope
from serving.http.problems import PROBLEMS_PATH, ProblemKind
from serving.http.response_headers import DEPRECATIONS
from serving.http.triage_messages import TriageRequest
from serving.review.decisions import DecisionMessage
from serving.tasks.served_task import ServedTask

EXTENSIBLE_ENUM = "x-extensible-enum"
"""Values known today, where more may come: Zalando's RESTful API guidelines, rule 112."""
OPEN_NOTE = "More values may come: treat one that you do not know as such, and do not refuse it."


def open_answers(schemas: Mapping[str, dict[str, Any]]) -> None:
    """Declare schemas of answers open: to new fields, and to new values of enumerations."""
    for schema in schemas.values():
        if schema.get("properties"):
            schema.pop("additionalProperties", None)
        for part in _subschemas(schema):
            _open_enumeration(part)


def _open_enumeration(schema: dict[str, Any]) -> None:
    if "enum" not in schema:
        return
    schema[EXTENSIBLE_ENUM] = schema.pop("enum")
    said = str(schema.get("description", "")).rstrip(".")
    schema["description"] = f"{said}. {OPEN_NOTE}" if said else OPEN_NOTE


def _subschemas(value: Any) -> Iterable[dict[str, Any]]:
    """Yield a schema and every schema within it."""
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from _subschemas(part)
    elif isinstance(value, list):
        for part in value:
            yield from _subschemas(part)


Json = dict[str, Any]

BEARER = "bearer"
PUBLIC_PATHS = frozenset({"/livez", "/readyz"})
SITE_NOTE = "; only what is of a site that the key or token names"

SECURITY_SCHEMES: Json = {
    BEARER: {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key of this service, or a JWT of the issuer that it trusts. Both "
        "name scopes and sites. Scopes: " + ", ".join(ALL_SCOPES) + SITE_NOTE + ". On the machine "
        "itself the service may be started without authentication",
    }
}

SCOPE_BY_PATH: Mapping[str, str] = {
    **{f"/v1/{name}": scoring_scope(name) for name in TASKS},
    "/v1/recommendations/{identifier}": AccessScope.READ_REPORT,
    "/v1/recommendations/{identifier}/report": AccessScope.READ_REPORT,
    "/v1/recommendations/{identifier}/counterfactuals": AccessScope.READ_REPORT,
    "/v1/recommendations/{identifier}/decision": AccessScope.DECIDE,
    "/v1/recommendations/{identifier}/proof": AccessScope.READ_AUDIT,
    "/v1/audit/checkpoint": AccessScope.READ_AUDIT,
    "/v1/audit/key": AccessScope.READ_AUDIT,
    "/v1/models": AccessScope.READ_REPORT,
    "/v1/policy": AccessScope.READ_REPORT,
    "/v1/events": AccessScope.SEND_EVENTS,
    "/desk": AccessScope.READ_REPORT,
    "/desk/challenger": AccessScope.READ_REPORT,
    "/metrics": AccessScope.METRICS,
}

AUTH_PROBLEMS: Mapping[str, str] = {
    "401": "Who asks is not proven",
    "403": "Not allowed to who asks: another scope, or another site",
    "429": "Too many requests of this caller, or the service is busy",
}

RATE_LIMIT_HEADERS: Json = {
    "RateLimit-Policy": {
        "description": "how many requests the caller has in how many seconds, where that is "
        'limited: `"caller";q=600;w=60`',
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": 'what is left, and in how many seconds it is reset: `"caller";r=599;t=60`',
        "schema": {"type": "string"},
    },
}


def security_of(path: str) -> list[Json]:
    """Return the security requirement of an address: a scope, authentication alone, or none."""
    if path in PUBLIC_PATHS:
        return []
    if path.startswith(PROBLEMS_PATH.rstrip("/")):
        return [{BEARER: []}]
    return [{BEARER: [str(SCOPE_BY_PATH[path])] if path in SCOPE_BY_PATH else []}]


SCHEMA_REFERENCE = "#/components/schemas/{model}"
DECISION_PATH = "/v1/recommendations/{identifier}/decision"
PROBLEM_SCHEMA_NAME = "Problem"
STRING_SCHEMA: Json = {"type": "string"}

TRACEPARENT_PARAMETER: Json = {
    "name": "traceparent",
    "in": "header",
    "required": False,
    "description": "W3C Trace Context; its trace id is recorded. A new trace begins without one",
    "schema": STRING_SCHEMA,
}
IDEMPOTENCY_KEY_PARAMETER: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "1 to 255 visible ASCII characters, e.g. a UUID; new for each thing that is to "
    "be done once. The same request sent again with its key gets the same answer, byte for byte, "
    "and nothing is recorded twice: send one, and after a broken connection, a 503 or a 504 send "
    "the same again",
    "schema": STRING_SCHEMA | {"minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
TRACERESPONSE_HEADER: Json = {
    "description": "the trace id under which it is on record",
    "schema": STRING_SCHEMA,
}
REPLAYED_HEADER: Json = {
    "description": "`true`: answered before, to a request with the same Idempotency-Key",
    "schema": STRING_SCHEMA | {"enum": ["true"]},
}
RETRY_AFTER_HEADER: Json = {
    "description": "seconds after which asking again may help",
    "schema": {"type": "integer", "minimum": 1},
}

IDEMPOTENT_PROBLEMS: Mapping[str, str] = {
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
RETRYABLE_STATUSES = {"503", "504"}
RECOMMENDATION_PROBLEMS: Mapping[str, str] = {
    "404": "There is no such recommendation",
    "410": "It has been erased; what is proven of it stays",
    "503": "The record cannot be read or written now",
}


PROBLEMS_BY_PATH: Mapping[str, Mapping[str, str]] = {
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
COMMON_PROBLEMS: Mapping[str, str] = {
    "500": "The service failed",
    "503": "Cannot be answered or recorded now",
    "504": "Not answered in time",
}


def complete_openapi(
    app: FastAPI, tasks: Mapping[TaskName, ServedTask], mixed: TriageRequest
) -> None:
    """Let the application's schema have bodies, headers, problems and scopes."""
    bodies: dict[str, type[BaseModel]] = {
        f"/v1/{n}": e.request.body_model for n, e in tasks.items()
    }
    bodies["/v1/triage"] = mixed.body_model
    bodies[DECISION_PATH] = DecisionMessage
    generate = app.openapi

    def openapi() -> Json:
        schema = generate()  # FastAPI returns the same object every time
        if PROBLEM_SCHEMA_NAME in _components(schema):
            return schema
        open_answers(_components(schema))  # bodies of requests are added later
        _components(schema)[PROBLEM_SCHEMA_NAME] = _problem_schema()
        schema["components"]["securitySchemes"] = SECURITY_SCHEMES
        for path, body in bodies.items():
            _describe_idempotent(
                schema, schema["paths"][path]["post"], body, decides=path == DECISION_PATH
            )
        for path, operation in _operations(schema):
            _complete_operation(path, operation)
        for unused in ("HTTPValidationError", "ValidationError"):
            _components(schema).pop(unused, None)
        return schema

    app.openapi = openapi  # type: ignore[method-assign] # the way FastAPI documents


def _complete_operation(path: str, operation: Json) -> None:
    """Add what holds for every operation: security, trace headers and problems."""
    if "{identifier}" in path:
        _add_problems(operation, RECOMMENDATION_PROBLEMS, set())
    elif path in PROBLEMS_BY_PATH:
        _add_problems(operation, PROBLEMS_BY_PATH[path], set())
    if "422" in operation["responses"]:
        _add_problems(operation, {"422": IDEMPOTENT_PROBLEMS["422"]}, set())
    operation["security"] = security_of(path)
    if operation["security"]:
        _add_problems(operation, AUTH_PROBLEMS, {"429"})
    _add_problems(operation, COMMON_PROBLEMS, RETRYABLE_STATUSES)
    if (gone := DEPRECATIONS.get(path)) is not None:
        operation["deprecated"] = True
        operation["description"] = f"Gone after {gone.sunset:%Y-%m-%d}; see {gone.link}."
    _describe_trace(operation)


def _describe_idempotent(
    schema: Json, operation: Json, body: type[BaseModel], *, decides: bool
) -> None:
    """Describe an operation that takes a body and an Idempotency-Key."""
    described = body.model_json_schema(ref_template=SCHEMA_REFERENCE)
    components = _components(schema)
    components |= described.pop("$defs", {})
    components[body.__name__] = described
    content = {
        "application/json": {"schema": {"$ref": SCHEMA_REFERENCE.format(model=body.__name__)}}
    }
    operation["requestBody"] = {"required": True, "content": content}
    _add_parameter(operation, IDEMPOTENCY_KEY_PARAMETER)
    done = operation["responses"]["201" if decides else "200"]
    done.setdefault("headers", {})["Idempotency-Replayed"] = REPLAYED_HEADER
    told = operation["responses"].pop("409", {}).get("description")
    both = {"409": f"{told}; or {IDEMPOTENT_PROBLEMS['409'].lower()}"} if told else {}
    _add_problems(operation, {**IDEMPOTENT_PROBLEMS, **both}, RETRYABLE_STATUSES | {"409"})


def _describe_trace(operation: Json) -> None:
    """Add the trace headers of an operation, and the rate limit headers of its answers."""
    _add_parameter(operation, TRACEPARENT_PARAMETER)
    for response in operation["responses"].values():
        headers = response.setdefault("headers", {})
        headers["traceresponse"] = TRACERESPONSE_HEADER
        if operation["security"]:
            headers |= RATE_LIMIT_HEADERS


def _add_parameter(operation: Json, parameter: Json) -> None:
    parameters = operation.setdefault("parameters", [])
    if all(one["name"] != parameter["name"] for one in parameters):
        parameters.append(parameter)


def _add_problems(operation: Json, meanings: Mapping[str, str], later: set[str]) -> None:
    """Add problems to an operation; descriptions that it has itself stay."""
    for status, meaning in meanings.items():
        before = operation["responses"].get(status, {})
        if status == "422" or not before:
            before = {"description": meaning}
        content = {
            "application/problem+json": {
                "schema": {"$ref": SCHEMA_REFERENCE.format(model=PROBLEM_SCHEMA_NAME)}
            }
        }
        headers = (
            {"Retry-After": RETRY_AFTER_HEADER} if status in later | RETRYABLE_STATUSES else {}
        )
        headers |= {"traceresponse": TRACERESPONSE_HEADER}
        operation["responses"][status] = {**before, "content": content, "headers": headers}


def _operations(schema: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in schema["paths"].items():
        for operation in methods.values():
            yield path, operation


def _components(schema: Json) -> Json:
    made: Json = schema.setdefault("components", {}).setdefault("schemas", {})
    return made


def _problem_schema() -> Json:
    """Return the schema of a problem: RFC 9457, with our own members."""
    number = {"type": "integer"}
    field = dict.fromkeys(("field", "got", "takes"), STRING_SCHEMA)
    return {
        "type": "object",
        "required": ["type", "title", "status", "detail", "trace_id"],
        "properties": {
            "type": STRING_SCHEMA
            | {
                "format": "uri-reference",
                "description": "the kind of problem, the same in every version; its address "
                "explains it. New kinds may come: go by `status` where you do not know one",
                "examples": [kind.type for kind in ProblemKind],
            },
            "title": STRING_SCHEMA,
            "status": number,
            "detail": STRING_SCHEMA,
            "mend": STRING_SCHEMA | {"description": "what helps"},
            "trace_id": STRING_SCHEMA | {"description": "under which it is on record, if it is"},
            "audit_sequence": number | {"description": "of the entry that records it"},
            "errors": {"type": "array", "items": {"type": "object", "properties": field}},
        },
    }
