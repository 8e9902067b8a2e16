"""GET /schema.json: the addresses that score, in the form that BentoML's own client reads.

`bentoml.SyncHTTPClient(url).supplier_delay(cases=[...])` reads this once and then posts to the
task's address, so its requests are authenticated, answered and recorded as everybody else's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from serving.http.authentication import caller_of
from serving.http.scoring_routes import ScoringEndpoint

bentoml_router = APIRouter()


@bentoml_router.get("/schema.json", include_in_schema=False)
def schema(request: Request) -> Response:
    """Return the client schema; it is BentoML's format, not part of the contract of `/v1`."""
    caller_of(request)
    return JSONResponse(client_schema(request.app.state.endpoints))


def client_schema(endpoints: Mapping[str, ScoringEndpoint]) -> dict[str, Any]:
    """Return the schema of the scoring endpoints, by path."""
    routes = [_route(path, endpoint) for path, endpoint in endpoints.items()]
    return {"name": "triage", "type": "service", "routes": routes}


def _route(path: str, endpoint: ScoringEndpoint) -> dict[str, Any]:
    return {
        "name": path.rsplit("/", 1)[-1],
        "route": path,
        "doc": endpoint.description,
        "batchable": False,
        "input": endpoint.request_schema.model_json_schema(),
        "output": endpoint.response_schema.model_json_schema(mode="serialization"),
    }
