"""FastAPI application: routers, middleware, error handlers and offline documentation."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi import Request as HttpRequest
from fastapi_offline import FastAPIOffline
from starlette.responses import Response

from models.task import TaskName
from serving.http.audit_routes import audit_router
from serving.http.authentication import AuthenticationMiddleware
from serving.http.error_handlers import ERROR_HANDLERS
from serving.http.event_routes import event_router
from serving.http.model_routes import model_router
from serving.http.openapi.schema import complete_openapi
from serving.http.operations_routes import metrics_router, probe_router
from serving.http.problem_routes import problem_router
from serving.http.response_headers import DeprecationMiddleware, SecurityHeadersMiddleware
from serving.http.review_routes import challenger_router, review_router
from serving.http.scoring_routes import TaskEndpoint, create_batchers, score_request
from serving.http.triage_messages import build_triage_request
from serving.http.triage_routes import OPERATION, TriageEndpoint, create_triage_router
from serving.recommendation.recommendation import Answer
from serving.tasks.catalogue import ServedTask
from serving.telemetry.request_tracing import TraceResponseMiddleware


def scoring_endpoint(kind: TaskEndpoint) -> Any:
    """The endpoint of one task."""

    async def endpoint(request: HttpRequest) -> Response:
        return await score_request(request, kind)

    return endpoint


DESCRIPTION = (
    "Recommendations for a distributor's exceptions. Every answer is only a recommendation "
    "and is on record before it is given. Nothing here releases, posts, orders or pays."
)


def create_app(tasks: dict[TaskName, ServedTask]) -> FastAPI:
    """The application, without its engine: that is loaded when the service starts."""
    app: FastAPI = FastAPIOffline(
        title="Exception Triage", version="1", description=DESCRIPTION, redoc_url=None
    )
    app.router.redirect_slashes = False
    app.state.scoring, app.state.scoring_large = create_batchers()
    kinds = {name: TaskEndpoint(name, entry.request) for name, entry in tasks.items()}
    for name, entry in tasks.items():
        app.add_api_route(
            f"/v1/{name}",
            scoring_endpoint(kinds[name]),
            methods=["POST"],
            response_model=Answer,
            name=name,
            summary=entry.task.question,
        )
    mixed = build_triage_request({name: entry.request for name, entry in tasks.items()})
    every = TriageEndpoint(mixed)
    app.state.addresses = {f"/v1/{name}": kind for name, kind in kinds.items()}
    app.state.addresses[f"/v1/{OPERATION}"] = every
    own = (create_triage_router(every), model_router, problem_router)
    for routes in (
        *own,
        review_router,
        audit_router,
        event_router,
        probe_router,
        metrics_router,
        challenger_router,
    ):
        app.include_router(routes)
    app.add_middleware(DeprecationMiddleware)
    app.add_middleware(AuthenticationMiddleware)
    app.add_middleware(SecurityHeadersMiddleware)
    app.add_middleware(TraceResponseMiddleware)
    for kind, handler in ERROR_HANDLERS.items():
        app.add_exception_handler(kind, handler)
    complete_openapi(app, tasks, mixed)
    return app
