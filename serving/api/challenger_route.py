"""The route of the page that compares challengers."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from serving.api.callers import require
from serving.api.loaded import engine_of
from serving.api.pages import PAGE_HEADERS
from serving.caller import Scope
from serving.desk.challenger import challenger_page

of_challengers = APIRouter()


@of_challengers.get("/desk/challenger", response_class=HTMLResponse)
def challenger(request: Request) -> Response:
    """Challengers in shadow against their champions, by site and class."""
    caller, engine = require(request, Scope.READ_REPORT), engine_of(request)
    page = challenger_page(engine.audit, engine.live.now, caller.sees)
    return HTMLResponse(page, headers=PAGE_HEADERS)
