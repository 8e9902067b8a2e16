"""Routes: from HTTP to the engine and back, nothing else."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi import Request as HttpRequest
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from models.task import TaskName
from serving.api.body import read_body
from serving.api.messages import DECISION, CaseMessage, DecisionMessage
from serving.api.problems import Problem, unreadable
from serving.api.resolved_as import check
from serving.audit.entry import Entry
from serving.counterfactual.answer import CannotRecomputeError, Counterfactuals
from serving.desk.queue import queue_page
from serving.desk.report import render
from serving.engine import Engine
from serving.recommendation import Advice, Answer, Decided, Recommendation

JSON = "application/json"
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

router = APIRouter()

Identifier = Annotated[str, Path(max_length=64, description="id of a recommendation")]
Filter = Annotated[str, Query(max_length=200)]


def engine_of(request: HttpRequest) -> Engine:
    """The engine that the service loaded when it started."""
    engine: Engine | None = getattr(request.app.state, "engine", None)
    if engine is None:
        raise Problem(503, "the service is still loading", mend="try again in a few seconds")
    return engine


def scoring(name: TaskName) -> Any:
    """The endpoint of one task."""

    async def endpoint(request: HttpRequest) -> Response:
        engine = engine_of(request)
        body = await read_body(request)
        answer = await run_in_threadpool(_answered, engine, name, body)
        return Response(answer, media_type=JSON)

    return endpoint


def _answered(engine: Engine, name: TaskName, body: bytes) -> bytes:
    cases = _cases(engine, name, body)
    answer = Answer.model_construct(recommendations=engine.answer(name, cases))
    return answer.model_dump_json().encode()


def _cases(engine: Engine, name: TaskName, body: bytes) -> list[CaseMessage]:
    request = engine.tasks[name].request
    try:
        return request.read(body)
    except ValidationError as error:
        raise unreadable(error, request) from error


@router.get("/v1/recommendations/{identifier}", response_model=Recommendation)
def recommendation(request: HttpRequest, identifier: Identifier) -> Response:
    """A recommendation as it was answered, read back from the audit."""
    engine = engine_of(request)
    entry, advice = found(engine, identifier)
    return Response(engine.placed(advice, entry).model_dump_json(), media_type=JSON)


@router.get("/v1/recommendations/{identifier}/report", response_class=HTMLResponse)
def report(request: HttpRequest, identifier: Identifier) -> Response:
    """The report a reviewer reads: one page, nothing else is loaded."""
    engine = engine_of(request)
    entry, advice = found(engine, identifier)
    ways = _ways(engine, entry, advice)
    return HTMLResponse(render(entry, ways), headers=PAGE_HEADERS)


def _ways(engine: Engine, entry: Entry, advice: Advice) -> Counterfactuals | str:
    """What would change the answer; a report without it is still a report, and says why."""
    try:
        return engine.counterfactuals(entry, advice)
    except CannotRecomputeError as error:
        return str(error)


@router.get(
    "/v1/recommendations/{identifier}/counterfactuals",
    response_model=Counterfactuals,
    responses={409: {"description": "Cannot be recomputed now, and why"}},
)
def counterfactuals(request: HttpRequest, identifier: Identifier) -> Response:
    """What would have to be so for the case not to be flagged, each way scored to verify it.

    Only what people could establish or bring about is looked at, alone and two together.
    409 where model, history or policy that answered are no longer those loaded.
    """
    engine = engine_of(request)
    entry, advice = found(engine, identifier)
    return Response(engine.counterfactuals(entry, advice).model_dump_json(), media_type=JSON)


@router.post(
    "/v1/recommendations/{identifier}/decision",
    response_model=Decided,
    status_code=201,
    responses={
        200: {"description": "The same decision was on record", "model": Decided},
        409: {"description": "Something else was decided before"},
    },
)
async def decision(request: HttpRequest, identifier: Identifier) -> Response:
    """What a person did with a recommendation; recorded, nothing is acted on.

    A recommendation is decided once. The same decision sent again answers the one on record
    (200); another one is refused (409) with what was decided.
    """
    engine = engine_of(request)
    body = await read_body(request)
    made, status = await run_in_threadpool(_decided, engine, identifier, body)
    return Response(made.model_dump_json(), status_code=status, media_type=JSON)


def _decided(engine: Engine, identifier: str, body: bytes) -> tuple[Decided, int]:
    _, advice = found(engine, identifier)
    try:
        message = DecisionMessage.model_validate_json(body)
    except ValidationError as error:
        raise unreadable(error, DECISION) from error
    check(engine.tasks[advice.task].task, message)
    committed, new = engine.decide(advice, message)
    (entry,) = committed.entries
    made = Decided(
        decision_id=entry.id,
        recommendation_id=advice.id,
        audit_sequence=entry.sequence,
        audit_hash=entry.hash,
    )
    return made, 201 if new else 200


@router.get("/desk", response_class=HTMLResponse)
def desk(
    request: HttpRequest,
    task: Filter = "",
    site: Filter = "",
    *,
    picked: Annotated[bool, Query(description="only the audit sample")] = False,
) -> Response:
    """Open recommendations, ranked by priority."""
    engine = engine_of(request)
    page = queue_page(engine.audit, engine.clock(), task, site, picked=picked)
    return HTMLResponse(page, headers=PAGE_HEADERS)


@router.get("/", include_in_schema=False)
def start() -> Response:
    """The desk is where people begin."""
    return RedirectResponse("/desk")


@router.get("/livez")
def livez() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/readyz")
def readyz(request: HttpRequest) -> dict[str, Any]:
    """Whether every task can be answered now; 503 with reasons if not."""
    engine = engine_of(request)
    engine.audit.check()
    if reasons := engine.not_ready():
        detail = "; ".join(f"{what}: {why}" for what, why in reasons.items())
        raise Problem(503, detail, mend="see /readyz again once it is done")
    return {"status": "ready", "tasks": [str(name) for name in engine.champions]}


def found(engine: Engine, identifier: str) -> tuple[Entry, Advice]:
    """A recommendation and its entry, or a 404."""
    read = engine.read(identifier)
    if read is None:
        raise Problem(404, f"there is no recommendation {identifier!r}")
    return read
