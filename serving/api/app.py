"""The HTTP application: routes, problems, and documentation that needs no network."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from models.task import TaskName
from serving.api.handlers import HANDLERS
from serving.api.probes import probes
from serving.api.record_routes import of_record
from serving.api.routes import router, scoring
from serving.api.schema import describe
from serving.api.tracing import Traced
from serving.catalogue import Served
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
    for routes in (router, of_record, probes):
        app.include_router(routes)
    app.add_middleware(Traced)
    for kind, handler in HANDLERS.items():
        app.add_exception_handler(kind, handler)
    describe(app, tasks)
    return app
