"""Routes: from HTTP to the engine and back, nothing else."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi import Request as HttpRequest
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from serving.answered import decided_of, recommendation_of
from serving.api.asking import Asking, asking, context_of
from serving.api.body import read_body
from serving.api.callers import require
from serving.api.loaded import Identifier, engine_of, found, only_seen
from serving.api.messages import DECISION, DecisionMessage
from serving.api.pages import PAGE_HEADERS
from serving.api.problems import unreadable
from serving.api.reply import JSON, Reply
from serving.api.resolved_as import check
from serving.api.scoring import OneTask, answer
from serving.audit.entry import Entry
from serving.audit.group import Committed
from serving.caller import Caller, Scope
from serving.counterfactual.answer import CannotRecomputeError, Counterfactuals
from serving.desk.queue import queue_page
from serving.desk.report import read_page
from serving.engine import Engine
from serving.recommendation import Advice, Decided, Recommendation
from serving.replay.explained import Reasons, reasons_of, told

router = APIRouter()

Filter = Annotated[str, Query(max_length=200)]


def scoring(kind: OneTask) -> Any:
    """The endpoint of one task."""

    async def endpoint(request: HttpRequest) -> Response:
        return await answer(request, kind)

    return endpoint


@router.get("/v1/recommendations/{identifier}", response_model=Recommendation)
def recommendation(request: HttpRequest, identifier: Identifier) -> Response:
    """A recommendation as it was answered, read back from the audit."""
    caller = require(request, Scope.READ_REPORT)
    engine = engine_of(request)
    entry, _ = found(engine, identifier, caller)
    given = recommendation_of(entry, engine.tasks, engine.address)
    return Response(given.model_dump_json(), media_type=JSON)


@router.get("/v1/recommendations/{identifier}/report", response_class=HTMLResponse)
def report(request: HttpRequest, identifier: Identifier) -> Response:
    """The report a reviewer reads: one page, nothing else is loaded.

    That it is read, and what it said, is on record before it is given; 503 if it cannot be.
    """
    caller = require(request, Scope.READ_REPORT)
    engine = engine_of(request)
    entry, advice = found(engine, identifier, caller)
    context = context_of(request, engine.code)
    ways, reasons = _ways(engine, entry, advice), told(entry, engine.sources)
    page = read_page(engine.audit, entry, ways, reasons, engine.clock(), context)
    return HTMLResponse(page, headers=PAGE_HEADERS)


def _ways(engine: Engine, entry: Entry, advice: Advice) -> Counterfactuals | str:
    """What would change the answer; a report without it is still a report, and says why."""
    try:
        return engine.counterfactuals(entry, advice)
    except CannotRecomputeError as error:
        return str(error)


@router.get(
    "/v1/recommendations/{identifier}/reasons",
    response_model=Reasons,
    responses={409: {"description": "Cannot be told now, and why"}},
)
def reasons(request: HttpRequest, identifier: Identifier) -> Response:
    """Why the case has its score, fact by fact, whether or not the answer came with reasons.

    From the record, with the model that answered: 409 where that is not kept, or none did.
    """
    caller = require(request, Scope.READ_REPORT)
    engine = engine_of(request)
    entry, _ = found(engine, identifier, caller)
    made = reasons_of(entry, engine.sources)
    if isinstance(made, str):
        raise CannotRecomputeError(made)
    return Response(made.model_dump_json(), media_type=JSON)


@router.get(
    "/v1/recommendations/{identifier}/counterfactuals",
    response_model=Counterfactuals,
    responses={409: {"description": "Cannot be recomputed now, and why"}},
)
def counterfactuals(request: HttpRequest, identifier: Identifier) -> Response:
    """What would have to be so for the case not to be flagged, each way scored to verify it.

    Only what people could establish or bring about is looked at, alone and two together.
    Computed from the record, with the model and the policy that answered: 409 where those are
    not kept, or the entry is too old to hold the past it was made of.
    """
    caller = require(request, Scope.READ_REPORT)
    engine = engine_of(request)
    entry, advice = found(engine, identifier, caller)
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
    (200), with a checkpoint of now; another one is refused (409) with what was decided.
    """
    caller = require(request, Scope.DECIDE)
    engine = engine_of(request)
    body = await read_body(request)
    asked = asking(request, engine, f"decide {identifier}", body)
    return await run_in_threadpool(_decided, engine, caller, identifier, body, asked)


def _decided(
    engine: Engine, caller: Caller, identifier: str, body: bytes, asked: Asking
) -> Response:
    def make() -> Reply:
        _, advice = found(engine, identifier, caller)
        message = _decision(engine, advice, body)
        committed, new = engine.decide(advice, message, asked.context, asked.key)
        return Reply(decided_of(committed), 201 if new else 200)

    def again(before: Committed) -> Reply:
        only_seen(engine, identifier, caller)
        return Reply(decided_of(before), 201, replayed=True)

    return engine.once.do(asked.key, make, again).response()


def _decision(engine: Engine, advice: Advice, body: bytes) -> DecisionMessage:
    try:
        message = DecisionMessage.model_validate_json(body)
    except ValidationError as error:
        raise unreadable(error, DECISION) from error
    check(engine.tasks[advice.task].task, message)
    return message


@router.get("/desk", response_class=HTMLResponse)
def desk(
    request: HttpRequest,
    task: Filter = "",
    site: Filter = "",
    *,
    picked: Annotated[bool, Query(description="only the audit sample")] = False,
) -> Response:
    """Open recommendations of the sites that the caller sees, ranked by priority."""
    caller = require(request, Scope.READ_REPORT)
    engine = engine_of(request)
    now, seen = engine.clock(), caller.sites
    pauses = engine.pauses.now.all()
    page = queue_page(engine.audit, now, task, site, picked=picked, pauses=pauses, seen=seen)
    return HTMLResponse(page, headers=PAGE_HEADERS)


@router.get("/", include_in_schema=False)
def start() -> Response:
    """The desk is where people begin."""
    return RedirectResponse("/desk")
