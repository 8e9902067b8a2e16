"""The HTTP application: routes, problems, and documentation that needs no network."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from models.task import TaskName
from serving.api.problems import Problem, path
from serving.api.routes import router, scoring
from serving.api.schema import describe
from serving.audit.store import AuditUnavailableError
from serving.catalogue import Served
from serving.counterfactual.answer import CannotRecomputeError
from serving.decide import AlreadyDecidedError
from serving.engine import FromTheFutureError, NotServedError
from serving.recommendation import Answer

DESCRIPTION = (
    "Recommendations for a distributor's exceptions. Every answer is only a recommendation "
    "and is on record before it is given. Nothing here releases, posts, orders or pays."
)


def application(tasks: dict[TaskName, Served]) -> FastAPI:
    """The application, without its engine: that is loaded when the service starts."""
    app: FastAPI = FastAPIOffline(
        title="Exception Triage", version="1", description=DESCRIPTION, redoc_url=None
    )
    for name, entry in tasks.items():
        app.add_api_route(
            f"/v1/{name}",
            scoring(name),
            methods=["POST"],
            response_model=Answer,
            name=name,
            summary=entry.task.question,
        )
    app.include_router(router)
    for kind, handler in HANDLERS.items():
        app.add_exception_handler(kind, handler)
    describe(app, tasks)
    return app


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


async def _not_served(_: Request, error: Exception) -> Response:
    assert isinstance(error, NotServedError)
    return Problem(503, error.missing.why, mend=error.missing.mend).response()


async def _future(_: Request, error: Exception) -> Response:
    assert isinstance(error, FromTheFutureError)
    takes = (
        f"what was known at or before the service's clock, {error.now.isoformat()}; "
        "give asked_at if the question is about another moment"
    )
    field = {"field": error.field, "got": error.known.isoformat(), "takes": takes}
    return Problem(422, "1 field cannot be read", [field]).response()


async def _no_record(_: Request, error: Exception) -> Response:
    mend = "see that the disk is writable and not full; nothing was answered"
    return Problem(503, f"{error}", mend=mend).response()


async def _already(_: Request, error: Exception) -> Response:
    mend = "nothing was recorded; a decision on record is not changed"
    return Problem(409, f"{error}", mend=mend).response()


async def _not_again(_: Request, error: Exception) -> Response:
    mend = "score the case again: its new recommendation can be asked"
    return Problem(409, f"{error}", mend=mend).response()


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = {404: "there is nothing at this address"}.get(error.status_code, error.detail)
    allowed = (error.headers or {}).get("Allow", "")
    if error.status_code == 405:
        detail = f"{request.method} is not for this address; it takes {allowed}"
    response = Problem(error.status_code, detail, mend="see /docs for what there is").response()
    response.headers.update(error.headers or {})
    return response


async def _arguments(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [
        {"field": path(e["loc"]), "got": str(e["input"])[:120], "takes": e["msg"]}
        for e in error.errors()
    ]
    return Problem(
        422,
        f"{len(errors)} {'argument' if len(errors) == 1 else 'arguments'} cannot be read",
        errors,
    ).response()


async def _failed(_: Request, error: Exception) -> Response:
    return Problem(500, f"the service failed: {type(error).__name__}").response()


HANDLERS: dict[Any, Any] = {
    Problem: _problem,
    NotServedError: _not_served,
    FromTheFutureError: _future,
    AlreadyDecidedError: _already,
    CannotRecomputeError: _not_again,
    AuditUnavailableError: _no_record,
    HTTPException: _http,
    RequestValidationError: _arguments,
    Exception: _failed,
}
