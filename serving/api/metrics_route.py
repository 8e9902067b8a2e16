"""What Prometheus asks for: not public, and bounded in what it says and costs."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from serving.api.callers import require
from serving.api.loaded import engine_of
from serving.caller import Scope

TEXT = "text/plain; version=0.0.4; charset=utf-8"

metrics = APIRouter()


@metrics.get("/metrics", include_in_schema=False)
def scrape(request: Request) -> Response:
    """Counts of every process of the service, and figures of the record.

    Raises:
        Problem: 401 or 403 without the scope `metrics`, 503 while the service loads.
    """
    require(request, Scope.METRICS)
    engine_of(request)
    state = request.app.state
    content: bytes = state.watching.text(state.figures)
    return Response(content, media_type=TEXT, headers={"Cache-Control": "no-store"})
