"""Routes for reviewers.

Recommendation, report, reasons, counterfactuals, decision, desk and challenger page.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi import Request as HttpRequest
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from serving.audit.log.entry import Entry
from serving.audit.log.group_commit import CommitResult, IdempotencyKey
from serving.auth.caller import LOCAL_CALLER, AccessScope, Caller
from serving.http.authentication import require_scope
from serving.http.idempotency_key import (
    JSON_MEDIA_TYPE,
    json_response,
    read_identity,
    request_context,
)
from serving.http.lookups import (
    Identifier,
    check_visible,
    find_recommendation,
    loaded_engine,
    loaded_review_service,
)
from serving.http.problems import Problem
from serving.http.request_body import read_body
from serving.http.response_headers import PAGE_HEADERS
from serving.http.validation_errors import validation_problem
from serving.pipeline.engine import Engine
from serving.pipeline.response import decision_from_entry, recommendation_from_entry
from serving.recommendation.recommendation import Advice, Decided, Recommendation
from serving.replay.recorded_reasons import Reasons, answer_reasons, read_worded_answer
from serving.review.counterfactuals import CannotRecomputeError, Counterfactuals
from serving.review.decisions import DECISION_REQUEST, DecisionMessage
from serving.review.desk import challenger_page, day_of_old_data, queue_page
from serving.review.report import render_recorded_report
from serving.review.service import ReviewService
from serving.runtime.context import RequestContext
from serving.tasks.served_task import ServedTask

challenger_router = APIRouter()


@challenger_router.get("/desk/challenger", response_class=HTMLResponse)
def challenger(request: Request) -> Response:
    """Challengers in shadow against their champions, by site and class."""
    caller, engine = require_scope(request, AccessScope.READ_REPORT), loaded_engine(request)
    page = challenger_page(engine.audit, engine.models.current, caller.sees)
    return HTMLResponse(page, headers=PAGE_HEADERS)


def check_resolution(served: ServedTask, decision: DecisionMessage) -> None:
    """Refuse an outcome that the task does not have: it could never become a label.

    Raises:
        Problem: 422, with the choices.
    """
    given, known = decision.resolved_as, served.resolution_choices
    if given is None or given in known:
        return
    takes = f"one of {', '.join(known)}, or null"
    field = {"field": "resolved_as", "got": f'"{given}"', "takes": takes}
    raise Problem(422, "1 field cannot be read", [field])


review_router = APIRouter()

FilterText = Annotated[str, Query(max_length=200)]


@review_router.get("/v1/recommendations/{identifier}", response_model=Recommendation)
def recommendation(request: HttpRequest, identifier: Identifier) -> Response:
    """A recommendation as it was answered, read back from the audit."""
    caller = require_scope(request, AccessScope.READ_REPORT)
    engine = loaded_engine(request)
    entry, _ = find_recommendation(engine, identifier, caller)
    given = recommendation_from_entry(entry, engine.tasks, engine.address)
    return Response(given.model_dump_json(), media_type=JSON_MEDIA_TYPE)


@review_router.get("/v1/recommendations/{identifier}/report", response_class=HTMLResponse)
def report(request: HttpRequest, identifier: Identifier) -> Response:
    """The report a reviewer reads: one page, nothing else is loaded.

    That it is read, and what it said, is on record before it is given; 503 if it cannot be.
    """
    caller = require_scope(request, AccessScope.READ_REPORT)
    review = loaded_review_service(request)
    engine = review.engine
    entry, advice = find_recommendation(engine, identifier, caller)
    context = request_context(request, engine.code)
    ways, reasons = (
        _counterfactuals_or_reason(review, entry, advice),
        read_worded_answer(entry, review.sources),
    )
    page = render_recorded_report(engine.audit, entry, ways, reasons, engine.clock(), context)
    return HTMLResponse(page, headers=PAGE_HEADERS)


def _counterfactuals_or_reason(
    review: ReviewService, entry: Entry, advice: Advice
) -> Counterfactuals | str:
    """What would change the answer; a report without it is still a report, and says why."""
    try:
        return review.counterfactuals(entry, advice)
    except CannotRecomputeError as error:
        return str(error)


@review_router.get(
    "/v1/recommendations/{identifier}/reasons",
    response_model=Reasons,
    responses={409: {"description": "Cannot be told now, and why"}},
)
def reasons(request: HttpRequest, identifier: Identifier) -> Response:
    """Why the case has its score, fact by fact, whether or not the answer came with reasons.

    From the record, with the model that answered: 409 where that is not kept, or none did.
    """
    caller = require_scope(request, AccessScope.READ_REPORT)
    review = loaded_review_service(request)
    engine = review.engine
    entry, _ = find_recommendation(engine, identifier, caller)
    made = answer_reasons(entry, review.sources)
    if isinstance(made, str):
        raise CannotRecomputeError(made)
    return Response(made.model_dump_json(), media_type=JSON_MEDIA_TYPE)


@review_router.get(
    "/v1/recommendations/{identifier}/counterfactuals",
    response_model=Counterfactuals,
    responses={409: {"description": "Cannot be recomputed now, and why"}},
)
def counterfactuals(request: HttpRequest, identifier: Identifier) -> Response:
    """What would have to be so for the case not to be flagged, each way scored to verify it.

    Only what people could establish or bring about is looked at, alone and two together.
    Computed from the record, with the model and the policy that answered: 409 where those are
    not kept.
    """
    caller = require_scope(request, AccessScope.READ_REPORT)
    review = loaded_review_service(request)
    engine = review.engine
    entry, advice = find_recommendation(engine, identifier, caller)
    return Response(
        review.counterfactuals(entry, advice).model_dump_json(), media_type=JSON_MEDIA_TYPE
    )


@review_router.post(
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
    caller = require_scope(request, AccessScope.DECIDE)
    review = loaded_review_service(request)
    body = await read_body(request)
    context, key = read_identity(request, review.engine, f"decide {identifier}", body)

    def record() -> Response:
        return _record_decision(review, caller, identifier, body, context, key)

    return await run_in_threadpool(record)


def _record_decision(
    review: ReviewService,
    caller: Caller,
    identifier: str,
    body: bytes,
    context: RequestContext,
    key: IdempotencyKey | None,
) -> Response:
    engine = review.engine

    def record() -> Response:
        _, advice = find_recommendation(engine, identifier, caller)
        message = _read_decision(engine, advice, body)
        committed, is_new = review.decide(advice, message, context, key)
        status = 201 if is_new else 200
        return json_response(decision_from_entry(committed).model_dump_json(), status)

    def replay(stored: CommitResult) -> Response:
        check_visible(engine, identifier, caller)
        return json_response(decision_from_entry(stored).model_dump_json(), 201, replayed=True)

    return engine.idempotency.run_once(key, record, replay)


def _read_decision(engine: Engine, advice: Advice, body: bytes) -> DecisionMessage:
    try:
        message = DecisionMessage.model_validate_json(body)
    except ValidationError as error:
        raise validation_problem(error, DECISION_REQUEST) from error
    check_resolution(engine.tasks[advice.task], message)
    return message


@review_router.get("/desk", response_class=HTMLResponse)
def desk(
    request: HttpRequest,
    task: FilterText = "",
    site: FilterText = "",
    *,
    picked: Annotated[bool, Query(description="only the audit sample")] = False,
) -> Response:
    """Open recommendations of the sites that the caller sees, ranked by priority."""
    caller = require_scope(request, AccessScope.READ_REPORT)
    engine = loaded_engine(request)
    now, seen = engine.clock(), caller.sites
    pauses, profiles = engine.pauses.now.all(), engine.models.current.profiles
    end = profiles.as_of if profiles else None
    oldest, local = engine.policy.history.oldest_days, caller is LOCAL_CALLER
    page = queue_page(
        engine.audit,
        now,
        task,
        site,
        picked=picked,
        pauses=pauses,
        seen=seen,
        as_of=day_of_old_data(now, end, oldest, local=local),
    )
    return HTMLResponse(page, headers=PAGE_HEADERS)


@review_router.get("/", include_in_schema=False)
def start() -> Response:
    """The desk is where people begin."""
    return RedirectResponse("/desk")
