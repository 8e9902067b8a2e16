"""The HTTP application: routes, problems, and documentation that needs no network."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from models.task import TaskName
from serving.api.challenger_route import of_challengers
from serving.api.deprecated import Deprecating
from serving.api.door import Door
from serving.api.events_routes import events_in
from serving.api.handlers import HANDLERS
from serving.api.messages_triage import mixed_request
from serving.api.metrics_route import metrics
from serving.api.probes import probes
from serving.api.problem_routes import of_problems
from serving.api.record_routes import of_record
from serving.api.routes import router, scoring
from serving.api.schema import describe
from serving.api.scoring import OneTask, gatherings
from serving.api.sealed import Sealed
from serving.api.standing_routes import of_standing
from serving.api.tracing import Traced
from serving.api.triage_routes import OPERATION, AnyTask, triage_routes
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
    app.router.redirect_slashes = False
    app.state.scoring, app.state.scoring_large = gatherings()
    kinds = {name: OneTask(name, entry.request) for name, entry in tasks.items()}
    for name, entry in tasks.items():
        app.add_api_route(
            f"/v1/{name}",
            scoring(kinds[name]),
            methods=["POST"],
            response_model=Answer,
            name=name,
            summary=entry.task.question,
        )
    mixed = mixed_request({name: entry.request for name, entry in tasks.items()})
    every = AnyTask(mixed)
    app.state.addresses = {f"/v1/{name}": kind for name, kind in kinds.items()}
    app.state.addresses[f"/v1/{OPERATION}"] = every
    own = (triage_routes(every), of_standing, of_problems)
    for routes in (*own, router, of_record, events_in, probes, metrics, of_challengers):
        app.include_router(routes)
    app.add_middleware(Deprecating)
    app.add_middleware(Door)
    app.add_middleware(Sealed)
    app.add_middleware(Traced)
    for kind, handler in HANDLERS.items():
        app.add_exception_handler(kind, handler)
    describe(app, tasks, mixed)
    return app
