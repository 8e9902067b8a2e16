"""Exception handlers: turn each error of the service into the problem that answers it."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from serving.audit.log.entry import PayloadErasedError
from serving.audit.log.errors import AuditUnavailableError
from serving.http.problems import Problem, ProblemKind
from serving.http.validation_errors import field_path
from serving.pipeline.batch import FromTheFutureError
from serving.pipeline.idempotency import AnswerErasedError, InFlightError, KeyReusedError
from serving.review.counterfactuals import CannotRecomputeError
from serving.review.decisions import AlreadyDecidedError
from serving.telemetry.request_tracing import trace_id_of

Handler = Callable[[Request, Exception], Awaitable[Response]]

# Seconds after which a retry may help: an audit log that is unavailable, a request with the same
# key that is being worked on.
RETRY_UNTIL_AUDIT_WRITABLE = 5
RETRY_UNTIL_ANSWERED = 1


def _from_the_future(error: FromTheFutureError) -> Problem:
    takes = (
        f"what was known at or before the service's clock, {error.now.isoformat()}; "
        "give asked_at if the question is about another moment"
        if error.asked_at is None
        else f"what was known at or before asked_at, {error.asked_at.isoformat()}"
    )
    field = {"field": error.field, "got": error.known.isoformat(), "takes": takes}
    return Problem(422, "1 field cannot be read", [field], kind=ProblemKind.FROM_THE_FUTURE)


def _audit_unavailable(error: AuditUnavailableError) -> Problem:
    mend = (
        "treat the case as if this service were not there, or send it again later, with the same "
        "Idempotency-Key; whoever runs the service: see /readyz and `triage doctor`"
    )
    kind = ProblemKind.RECORD_AWAY
    again = (
        RETRY_UNTIL_AUDIT_WRITABLE if error.seconds is None else max(1, math.ceil(error.seconds))
    )
    return Problem(503, f"{error}", mend=mend, retry_after=again, kind=kind)


def _already_decided(error: AlreadyDecidedError) -> Problem:
    mend = "nothing was recorded; a decision on record stays"
    return Problem(409, f"{error}", mend=mend, kind=ProblemKind.ALREADY_DECIDED)


def _cannot_recompute(error: CannotRecomputeError) -> Problem:
    mend = "score the case again: its new recommendation can be asked"
    return Problem(409, f"{error}", mend=mend, kind=ProblemKind.CANNOT_RECOMPUTE)


def _in_flight(error: InFlightError) -> Problem:
    mend = "ask again in a second: once it is answered, you get the same answer"
    kind = ProblemKind.IN_FLIGHT
    return Problem(409, f"{error}", mend=mend, retry_after=RETRY_UNTIL_ANSWERED, kind=kind)


def _key_reused(error: KeyReusedError) -> Problem:
    mend = "use a new key for what is new"
    return Problem(422, f"{error}; nothing was done", mend=mend, kind=ProblemKind.KEY_REUSED)


def _erased(error: Exception) -> Problem:
    return Problem(410, f"{error}", mend="`triage audit` tells when and why it was erased")


def _invalid_arguments(error: RequestValidationError) -> Problem:
    errors = [
        {"field": field_path(e["loc"]), "got": str(e["input"])[:120], "takes": e["msg"]}
        for e in error.errors()
    ]
    noun = "argument" if len(errors) == 1 else "arguments"
    return Problem(422, f"{len(errors)} {noun} cannot be read", errors)


def _failed(error: Exception) -> Problem:
    return Problem(500, f"the service failed: {type(error).__name__}")


def _problem_handler(problem_of: Callable[[Any], Problem]) -> Handler:
    """Create the handler that answers with an error's problem, under the trace of the request."""

    async def handler(request: Request, error: Exception) -> Response:
        return problem_of(error).response(trace_id_of(request.scope))

    return handler


async def _http_error(request: Request, error: HTTPException) -> Response:
    """Answer errors of the router; the header Allow of a 405 names the methods there are."""
    headers, fields = error.headers or {}, []
    match error.status_code:
        case 404:
            detail = "there is nothing at this address"
        case 405:
            allowed = str(headers.get("Allow"))
            detail = f"{request.method} is not for this address; it takes {allowed}"
            fields = [{"field": "(method)", "got": request.method, "takes": allowed}]
        case _:
            detail = error.detail
    problem = Problem(error.status_code, detail, fields, mend="see /docs for what there is")
    response = problem.response(trace_id_of(request.scope))
    response.headers.update(headers)
    return response


ERROR_HANDLERS: dict[Any, Any] = {
    HTTPException: _http_error,
    Problem: _problem_handler(lambda problem: problem),
    FromTheFutureError: _problem_handler(_from_the_future),
    AlreadyDecidedError: _problem_handler(_already_decided),
    CannotRecomputeError: _problem_handler(_cannot_recompute),
    InFlightError: _problem_handler(_in_flight),
    KeyReusedError: _problem_handler(_key_reused),
    AnswerErasedError: _problem_handler(_erased),
    PayloadErasedError: _problem_handler(_erased),
    AuditUnavailableError: _problem_handler(_audit_unavailable),
    RequestValidationError: _problem_handler(_invalid_arguments),
    Exception: _problem_handler(_failed),
}


async def handle_error(request: Request, error: Exception) -> Response:
    """Return the problem response for an error."""
    kind = next(one for one in type(error).__mro__ if one in ERROR_HANDLERS)
    response: Response = await ERROR_HANDLERS[kind](request, error)
    return response
