"""FastAPI application: routers, middleware, initial state and offline documentation."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI
from fastapi import Request as HttpRequest
from fastapi_offline import FastAPIOffline
from starlette.responses import Response

from models.task import TaskName
from serving.http.bentoml_schema import bentoml_router
from serving.http.event_routes import event_router
from serving.http.middleware import TIMEOUT_SECONDS, MiddlewareStack
from serving.http.model_routes import model_router
from serving.http.openapi.schema import complete_openapi
from serving.http.operations_routes import (
    audit_router,
    metrics_router,
    probe_router,
    problem_router,
)
from serving.http.response_headers import DEPRECATIONS, Deprecation
from serving.http.review_routes import challenger_router, review_router
from serving.http.scoring_routes import (
    ScoringEndpoint,
    TaskEndpoint,
    create_batchers,
    score_request,
)
from serving.http.triage_messages import build_triage_request
from serving.http.triage_routes import OPERATION, TriageEndpoint, create_triage_router
from serving.recommendation.recommendation import Answer
from serving.runtime.context import RELEASE
from serving.runtime.settings import MEGABYTE
from serving.tasks.served_task import ServedTask

ROUTERS = (
    model_router,
    bentoml_router,
    problem_router,
    review_router,
    audit_router,
    event_router,
    probe_router,
    metrics_router,
    challenger_router,
)
DESCRIPTION = (
    "Recommendations for a distributor's exceptions. Every answer is only a recommendation "
    "and is on record before it is given. Nothing here releases, posts, orders or pays."
)


def create_app(
    tasks: dict[TaskName, ServedTask], deprecated: Mapping[str, Deprecation] = DEPRECATIONS
) -> FastAPI:
    """Create the application; it answers 503 until the process has set its state.

    Args:
        tasks: the tasks that are served; each gets the address `/v1/TASK`.
        deprecated: addresses that will be removed, by path.
    """
    app: FastAPI = FastAPIOffline(
        title="Exception Triage", version=RELEASE, description=DESCRIPTION, redoc_url=None
    )
    app.router.redirect_slashes = False
    _set_initial_state(app)
    scoring: dict[str, ScoringEndpoint] = {
        f"/v1/{name}": TaskEndpoint(name, entry.request, entry.task.question)
        for name, entry in tasks.items()
    }
    for name in tasks:
        _document_scoring_route(app, name, scoring[f"/v1/{name}"])
    mixed = build_triage_request({name: entry.request for name, entry in tasks.items()})
    triage = TriageEndpoint(mixed)
    scoring[f"/v1/{OPERATION}"] = triage
    app.include_router(create_triage_router(triage))
    for router in ROUTERS:
        app.include_router(router)
    complete_openapi(app, tasks, mixed)
    stack = MiddlewareStack(app, scoring, deprecated)
    app.middleware_stack, app.state.in_flight = stack, stack.in_flight
    app.state.endpoints = scoring
    return app


def _set_initial_state(app: FastAPI) -> None:
    """Set what the middleware and the routes read; None until the process has started."""
    state = app.state
    state.scoring, state.scoring_large = create_batchers()
    state.engine = state.review = state.authenticator = state.telemetry = None
    state.checkpoints = state.gauges = None
    state.timeout_seconds, state.max_body_bytes = TIMEOUT_SECONDS, 10 * MEGABYTE


def _document_scoring_route(app: FastAPI, name: TaskName, endpoint: ScoringEndpoint) -> None:
    """Add a task's address to the router: for the contract, and for a 405 to other methods.

    The middleware answers its POST requests itself, with the same function.
    """

    async def score(request: HttpRequest) -> Response:
        return await score_request(request, endpoint)

    app.add_api_route(
        f"/v1/{name}",
        score,
        methods=["POST"],
        response_model=Answer,
        name=name,
        summary=endpoint.description,
    )
