"""POST /v1/events.

CloudEvents in structured, batched or binary mode, recorded before they are acknowledged.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from data.contracts.sites import SITE_ID
from serving.auth.caller import AccessScope, Caller
from serving.events.inbox import ConflictingEventError, RecordedEvent, record_events
from serving.events.received_event import (
    EVENT_ATTRIBUTES,
    EVENT_CONTRACTS,
    MAX_EVENTS,
    EventBatch,
    parse_events,
)
from serving.http.authentication import require_scope
from serving.http.idempotency_key import JSON_MEDIA_TYPE, request_context
from serving.http.lookups import loaded_engine
from serving.http.problems import Problem, ProblemKind
from serving.http.request_body import read_within_limit
from serving.pipeline.engine import Engine

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
BINARY = "application/json"
CONTENT_TYPES = (STRUCTURED, BATCH, BINARY)
HEADER_PREFIX = "ce-"
MAX_ERRORS = 100

event_router = APIRouter()


class EventResult(BaseModel):
    """What became of one event."""

    source: str
    id: str
    status: Literal["accepted", "duplicate"]
    audit_sequence: int


class RefusedEvent(BaseModel):
    """An event of a batch that was not recorded. index: place in the batch, from 0."""

    index: int
    errors: list[dict[str, str]]


class EventsTaken(BaseModel):
    """The events of the request that are on record, in its order, and those that are not."""

    accepted: int
    duplicates: int
    results: list[EventResult]
    refused: list[RefusedEvent] = []


def _openapi_body() -> dict[str, Any]:
    """Return the request body in OpenAPI: an event, a list of events, or an event's data."""
    text = {"type": "string", "minLength": 1, "maxLength": 200}
    event = {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": text,
            "source": text,
            "type": {"enum": [str(type_) for type_ in EVENT_CONTRACTS]},
            "subject": {"anyOf": [text, {"type": "null"}]},
            "time": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
            "data": {"anyOf": [c.message.model_json_schema() for c in EVENT_CONTRACTS.values()]},
        },
    }
    data = {"anyOf": [c.message.model_json_schema() for c in EVENT_CONTRACTS.values()]}
    many = {"type": "array", "items": event, "minItems": 1, "maxItems": MAX_EVENTS}
    schemas = {STRUCTURED: event, BATCH: many, BINARY: data}
    content = {kind: {"schema": schema} for kind, schema in schemas.items()}
    return {"requestBody": {"required": True, "content": content}}


PROBLEM_CONTENT = {"content": {"application/problem+json": {"schema": {"type": "object"}}}}
RESPONSE_DESCRIPTIONS = {
    401: "Who asks is not known",
    403: "Takes the scope events:send, and sites that are yours",
    409: "Another event of that source has the id; nothing was recorded",
    413: "Body too large",
    415: "Neither of the content types of CloudEvents in JSON",
    422: "Fields that cannot be read; nothing was recorded",
    503: "Cannot be recorded now; send the same again",
    504: "Not answered in time; send the same again: what is on record is a duplicate then",
}


def _require_sender(request: Request) -> Caller:
    return require_scope(request, AccessScope.SEND_EVENTS)


@event_router.post(
    "/v1/events",
    status_code=202,
    response_model=EventsTaken,
    openapi_extra=_openapi_body(),
    responses={
        200: {"description": "All of them were on record before", "model": EventsTaken},
        **{
            status: {"description": description, **PROBLEM_CONTENT}
            for status, description in RESPONSE_DESCRIPTIONS.items()
        },
    },
)
async def events(request: Request, caller: Annotated[Caller, Depends(_require_sender)]) -> Response:
    """Supplier and stock events as CloudEvents 1.0; on the disk before they are acknowledged.

    Each keeps the contract of its canonical table. Of a batch those that can be recorded are; the
    others are listed in `refused`, and a request of which none can is refused as a whole.
    An event is known by source and id: sent again it is a duplicate, and changes nothing. What
    is told today counts from tomorrow's snapshot of the past on, as everything else does.
    """
    engine, kind = loaded_engine(request), _content_type(request)
    body = await _read_body(request)
    return await run_in_threadpool(_receive, engine, caller, request, kind, body)


def _receive(engine: Engine, caller: Caller, request: Request, kind: str, body: bytes) -> Response:
    now = engine.clock()
    documents = _parse_events(request, kind, body)
    ahead = engine.policy.clocks.sender_ahead
    parsed = parse_events(documents, now, batch=kind == BATCH, ahead=ahead)
    if not parsed.accepted:
        raise _unreadable_problem(parsed)
    _check_sites(caller, parsed, batch=kind == BATCH)
    context = request_context(request, engine.code)
    while True:  # ends: each round records all that is left, or leaves one event less
        events = list(parsed.accepted.values())
        try:
            return _response(parsed, record_events(engine.audit, events, caller, context, now))
        except ConflictingEventError as error:
            if len(events) == 1:
                mend = "send what is new under a new id"
                raise Problem(409, f"{error}; nothing was recorded", mend=mend) from error
            place = list(parsed.accepted)[error.number]
            taken = {"got": error.event.id, "takes": "an id that no other event of its source has"}
            parsed.refuse(place, [{"field": f"[{place}].id", **taken}])


def _response(batch: EventBatch, recorded: Sequence[RecordedEvent]) -> Response:
    events = batch.accepted.values()
    results = [
        EventResult(
            source=event.source,
            id=event.id,
            status="duplicate" if record.again else "accepted",
            audit_sequence=record.entry.sequence,
        )
        for event, record in zip(events, recorded, strict=True)
    ]
    duplicates, total = sum(record.again for record in recorded), len(recorded)
    refused = [
        RefusedEvent(index=place, errors=errors[:MAX_ERRORS])
        for place, errors in sorted(batch.refused.items())
    ]
    body = EventsTaken(
        accepted=total - duplicates, duplicates=duplicates, results=results, refused=refused
    )
    status = 200 if duplicates == total else 202
    return Response(body.model_dump_json(), status, media_type=JSON_MEDIA_TYPE)


def _check_sites(caller: Caller, parsed: EventBatch, *, batch: bool) -> None:
    """Refuse events that name another site; ingestion checks events that name an order line.

    Raises:
        Problem: 403 where no event is left.
    """
    foreign = list[dict[str, str]]()
    for number, event in list(parsed.accepted.items()):
        site = event.row.get(SITE_ID)
        if site is not None and not caller.sees(site):
            foreign.append(
                {
                    "field": f"{f'[{number}].' if batch else ''}data.{SITE_ID}",
                    "got": "a site that is not yours",
                    "takes": "a site that your key or token names",
                }
            )
            parsed.refuse(number, foreign[-1:])
    if not parsed.accepted:
        detail = "an event is of a site that is not yours; nothing was recorded"
        raise Problem(403, detail, foreign[:MAX_ERRORS], kind=ProblemKind.FORBIDDEN)


def _content_type(request: Request) -> str:
    header = request.headers.get("content-type", "")
    kind, _, charset = (part.strip().lower() for part in header.partition(";"))
    if kind not in CONTENT_TYPES or charset not in {"", "charset=utf-8", 'charset="utf-8"'}:
        got = header[:100] or "missing"
        raise Problem(415, f"content type is {got!r}; it must be one of {', '.join(CONTENT_TYPES)}")
    return kind


def _parse_events(request: Request, kind: str, body: bytes) -> list[Any]:
    """Return the events of a body as parsed JSON.

    Raises:
        Problem: 422 for a body that is not JSON, or a batch of too few or too many events.
    """
    try:
        value = json.loads(body, object_pairs_hook=_reject_duplicates)
    except (ValueError, RecursionError) as error:
        why = str(error) if isinstance(error, json.JSONDecodeError) else "cannot be read"
        raise _field_problem(
            "(body)", f"text that is not JSON of one meaning: {why[:100]}"
        ) from error
    if kind == BATCH:
        if not isinstance(value, list) or not 1 <= len(value) <= MAX_EVENTS:
            got = f"{len(value)} of them" if isinstance(value, list) else "something else"
            raise _field_problem("(body)", got, f"a list of 1 to {MAX_EVENTS} events")
        return value
    return [_binary_event(request, value) if kind == BINARY else value]


def _binary_event(request: Request, data: Any) -> dict[str, Any]:
    """Return an event of binary mode: its attributes are headers."""
    attributes = {
        n.removeprefix(HEADER_PREFIX): v
        for n, v in request.headers.items()
        if n.startswith(HEADER_PREFIX)
    }
    return {name: unquote(attributes[name]) for name in EVENT_ATTRIBUTES if name in attributes} | {
        "data": data
    }


def _reject_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field is named twice")
    return fields


async def _read_body(request: Request) -> bytes:
    """Read a body; refuse one over the limit with 413."""
    limit: int = request.app.state.max_body_bytes
    body = await read_within_limit(request, limit)
    if body is None:
        mend = "send fewer events at a time"
        raise Problem(413, f"the body is over {limit} bytes", mend=mend)
    return body


def _unreadable_problem(batch: EventBatch) -> Problem:
    errors = [error for place in sorted(batch.refused) for error in batch.refused[place]]
    count, noun = len(errors), "field" if len(errors) == 1 else "fields"
    more = f"; the first {MAX_ERRORS} are listed" if count > MAX_ERRORS else ""
    detail = f"{count} {noun} cannot be read{more}; nothing was recorded"
    return Problem(422, detail, errors[:MAX_ERRORS])


def _field_problem(field: str, got: str, takes: str = "JSON") -> Problem:
    return Problem(422, "1 field cannot be read", [{"field": field, "got": got, "takes": takes}])
