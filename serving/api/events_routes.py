"""Events in: CloudEvents from HTTP to the record, structured, in batches, or in binary mode."""

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
from serving.api.asking import context_of
from serving.api.callers import require
from serving.api.loaded import engine_of
from serving.api.problem_kind import ProblemKind
from serving.api.problems import Problem
from serving.api.reply import JSON
from serving.caller import Caller, Scope
from serving.engine import Engine
from serving.events.contracts import CONTRACTS
from serving.events.reading import ATTRIBUTES, MOST, Received, UnreadableError, read
from serving.events.receiving import OtherEventError, Taken, receive

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
BINARY = "application/json"
TYPES = (STRUCTURED, BATCH, BINARY)
PREFIX = "ce-"
MOST_ERRORS = 100
MOST_LET_GO = 100 * 2**20

events_in = APIRouter()


class EventResult(BaseModel):
    """What became of one event."""

    source: str
    id: str
    status: Literal["accepted", "duplicate"]
    audit_sequence: int


class EventsTaken(BaseModel):
    """Every event of the request, in its order; all of them are on record."""

    accepted: int
    duplicates: int
    results: list[EventResult]


def _described() -> dict[str, Any]:
    """The body in OpenAPI: an event, a list of them, or an event's data alone."""
    text = {"type": "string", "minLength": 1, "maxLength": 200}
    event = {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": text,
            "source": text,
            "type": {"enum": [str(type_) for type_ in CONTRACTS]},
            "subject": {"anyOf": [text, {"type": "null"}]},
            "time": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
            "data": {"anyOf": [c.message.model_json_schema() for c in CONTRACTS.values()]},
        },
    }
    data = {"anyOf": [c.message.model_json_schema() for c in CONTRACTS.values()]}
    many = {"type": "array", "items": event, "minItems": 1, "maxItems": MOST}
    schemas = {STRUCTURED: event, BATCH: many, BINARY: data}
    content = {kind: {"schema": schema} for kind, schema in schemas.items()}
    return {"requestBody": {"required": True, "content": content}}


PROBLEM = {"content": {"application/problem+json": {"schema": {"type": "object"}}}}
MEANT = {
    401: "Who asks is not known",
    403: "Takes the scope events:send, and sites that are yours",
    409: "Another event of that source has the id; nothing was recorded",
    413: "Body too large",
    415: "Neither of the content types of CloudEvents in JSON",
    422: "Fields that cannot be read; nothing was recorded",
    503: "Cannot be recorded now; send the same again",
    504: "Not answered in time; send the same again: what is on record is a duplicate then",
}


def _sender(request: Request) -> Caller:
    return require(request, Scope.SEND_EVENTS)


@events_in.post(
    "/v1/events",
    status_code=202,
    response_model=EventsTaken,
    openapi_extra=_described(),
    responses={
        200: {"description": "All of them were on record before", "model": EventsTaken},
        **{status: {"description": meant, **PROBLEM} for status, meant in MEANT.items()},
    },
)
async def events(request: Request, caller: Annotated[Caller, Depends(_sender)]) -> Response:
    """Supplier and stock events as CloudEvents 1.0; on the disk before they are acknowledged.

    Each keeps the contract of its canonical table. A request is taken as a whole or not at all.
    An event is known by source and id: sent again it is a duplicate, and changes nothing. What
    is told today counts from tomorrow's snapshot of the past on, as everything else does.
    """
    engine, kind = engine_of(request), _kind(request)
    body = await _body(request)
    return await run_in_threadpool(_taken, engine, caller, request, kind, body)


def _taken(engine: Engine, caller: Caller, request: Request, kind: str, body: bytes) -> Response:
    now = engine.clock()
    told = _told(request, kind, body)
    try:
        found = read(told, now, batch=kind == BATCH)
        _only_own_sites(caller, found, batch=kind == BATCH)
        taken = receive(engine.audit, found, caller, context_of(request, engine.code), now)
    except UnreadableError as error:
        raise _unreadable(error) from error
    except OtherEventError as error:
        mend = "send what is new under a new id"
        raise Problem(409, f"{error}; nothing was recorded", mend=mend) from error
    return _answer(found, taken)


def _answer(found: Sequence[Received], taken: Sequence[Taken]) -> Response:
    results = [
        EventResult(
            source=event.source,
            id=event.id,
            status="duplicate" if one.again else "accepted",
            audit_sequence=one.entry.sequence,
        )
        for event, one in zip(found, taken, strict=True)
    ]
    again = sum(one.again for one in taken)
    said = EventsTaken(accepted=len(taken) - again, duplicates=again, results=results)
    status = 200 if again == len(taken) else 202
    return Response(said.model_dump_json(), status, media_type=JSON)


def _only_own_sites(caller: Caller, found: Sequence[Received], *, batch: bool) -> None:
    """Refuse an event that names another site; what names an order line is looked at later."""
    for number, event in enumerate(found):
        site = event.row.get(SITE_ID)
        if site is not None and not caller.sees(site):
            wrong = {
                "field": f"{f'[{number}].' if batch else ''}data.{SITE_ID}",
                "got": "a site that is not yours",
                "takes": "a site that your key or token names",
            }
            detail = "an event is of a site that is not yours; nothing was recorded"
            raise Problem(403, detail, [wrong], kind=ProblemKind.FORBIDDEN)


def _kind(request: Request) -> str:
    given = request.headers.get("content-type", "")
    kind, _, charset = (part.strip().lower() for part in given.partition(";"))
    if kind not in TYPES or charset not in {"", "charset=utf-8", 'charset="utf-8"'}:
        got = given[:100] or "missing"
        raise Problem(415, f"content type is {got!r}; it must be one of {', '.join(TYPES)}")
    return kind


def _told(request: Request, kind: str, body: bytes) -> list[Any]:
    """The events of a body, as JSON has them.

    Raises:
        Problem: 422 for what is no JSON, or not as many as it may be.
    """
    try:
        value = json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        why = str(error) if isinstance(error, json.JSONDecodeError) else "cannot be read"
        raise _wrong("(body)", f"text that is not JSON of one meaning: {why[:100]}") from error
    if kind == BATCH:
        if not isinstance(value, list) or not 1 <= len(value) <= MOST:
            got = f"{len(value)} of them" if isinstance(value, list) else "something else"
            raise _wrong("(body)", got, f"a list of 1 to {MOST} events")
        return value
    return [_bound(request, value) if kind == BINARY else value]


def _bound(request: Request, data: Any) -> dict[str, Any]:
    """An event in binary mode: its attributes are headers."""
    found = {n.removeprefix(PREFIX): v for n, v in request.headers.items() if n.startswith(PREFIX)}
    return {name: unquote(found[name]) for name in ATTRIBUTES if name in found} | {"data": data}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a field is named twice")
    return made


async def _body(request: Request) -> bytes:
    """The body, never held in memory beyond the limit; what is over it is read and let go."""
    limit: int = request.app.state.max_body_bytes
    chunks, size = list[bytes](), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        elif size > MOST_LET_GO:
            break
    if size > limit:
        mend = "send fewer events at a time"
        raise Problem(413, f"the body is over {limit} bytes", mend=mend)
    return b"".join(chunks)


def _unreadable(error: UnreadableError) -> Problem:
    count, noun = len(error.errors), "field" if len(error.errors) == 1 else "fields"
    more = f"; the first {MOST_ERRORS} are listed" if count > MOST_ERRORS else ""
    detail = f"{count} {noun} cannot be read{more}; nothing was recorded"
    return Problem(422, detail, error.errors[:MOST_ERRORS])


def _wrong(field: str, got: str, takes: str = "JSON") -> Problem:
    return Problem(422, "1 field cannot be read", [{"field": field, "got": got, "takes": takes}])
