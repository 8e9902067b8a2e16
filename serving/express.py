"""Scoring requests past the stacks of the frameworks: what an orchestrator calls all day.

Two thirds of an answer's time over HTTP went into middleware that scoring does not use. The same
functions answer here as at the application's own routes, in the same order; a test holds both
to the same answers. Everything else goes on to the frameworks.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.api.door import RawHeaders, let_in
from serving.api.handlers import handled
from serving.api.scoring import Kind, answer
from serving.api.sealed import SEAL
from serving.api.tracing import TRACERESPONSE, told, trace_of
from serving.front import FRAMEWORK, Whole
from serving.observe.requests import observed

LOG = logging.getLogger("triage")
TRACE = TRACERESPONSE.encode()
LATE = FRAMEWORK[504]


class Express:
    """Answers scoring requests of the application in `whole`, and passes on the rest.

    seconds: until a request is answered with a 504; it is worked on to the end all the same.
    """

    def __init__(self, whole: Whole, others: ASGIApp, seconds: float) -> None:
        self.whole, self.others, self.seconds = whole, others, seconds
        app: Any = whole.app
        self.app = app
        self.addresses: Mapping[str, Kind] = app.state.addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        kind = self.addresses.get(scope.get("path", "")) if scope["type"] == "http" else None
        if kind is None or scope["method"] != "POST":
            await self.others(scope, receive, send)
            return
        scope["app"] = self.app
        watching = getattr(self.app.state, "watching", None)
        with self.whole.busy(), observed(watching, scope) as seen:
            seen.route = scope["path"]
            headers: RawHeaders = []
            response = await self._answered(Request(scope, receive), kind, headers)
            seen.status = response.status_code
            headers += [*response.raw_headers, *SEAL, (TRACE, told(scope).encode())]
            start = {"type": "http.response.start", "status": response.status_code}
            await send({**start, "headers": headers})
            await send({"type": "http.response.body", "body": response.body})

    async def _answered(self, request: Request, kind: Kind, headers: RawHeaders) -> Response:
        """The answer, or the problem that it ends with. headers: see `let_in`."""
        try:
            async with asyncio.timeout(self.seconds):
                await let_in(request.scope, getattr(self.app.state, "gate", None), headers)
                return await answer(request, kind)
        except TimeoutError:
            return LATE.response(trace_of(request.scope))
        except Exception as error:
            if (response := await handled(request, error)) is None:
                raise
            if response.status_code == 500:
                LOG.exception("failed (trace %s)", trace_of(request.scope))
            return response
