"""ASGI stack around BentoML: in-flight tracking, the scoring route, framework errors as problems.

Two thirds of an answer's time over HTTP went into middleware that scoring does not use. The same
functions answer here as at the application's own routes, in the same order; a test holds both
to the same answers. Everything else goes on to the frameworks.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.http.authentication import RawHeaders, authenticate
from serving.http.error_handlers import handle_error
from serving.http.problems import PROBLEM_MEDIA_TYPE, Problem, ProblemKind
from serving.http.response_headers import DATA_SECURITY_HEADERS
from serving.http.scoring_routes import ScoringEndpoint, score_request
from serving.telemetry.request_tracing import (
    TRACERESPONSE,
    note_route,
    observe_request,
    trace_id_of,
    traceresponse_value,
)

# Addresses at which the framework answers before the mounted application is asked.
OWN_PATHS = frozenset({"/livez", "/readyz", "/healthz", "/schema.json", "/docs.json", "/metrics"})

FRAMEWORK_PROBLEMS = {
    429: Problem(
        429,
        "the service is busy",
        mend="try again in a second",
        retry_after=1,
        kind=ProblemKind.BUSY,
    ),
    503: Problem(503, "the service cannot answer now", mend="try again soon", retry_after=5),
    504: Problem(
        504,
        "not answered in time; whether it was recorded is not known",
        mend="send the same again with the same Idempotency-Key: what was recorded is answered, "
        "and nothing is recorded twice; without a key, look at the desk before you ask again",
        retry_after=5,
    ),
}


class InFlightTracker:
    """The application as one piece: it gives its own 404 and 405, with a problem.

    Counts what it is working on: a request that the framework has answered with a 504, or has
    given up when told to stop, is still being recorded.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.working = 0
        self.idle = asyncio.Event()
        self.idle.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with self.busy():
            try:
                await self.app(scope, receive, send)
            finally:
                note_route(scope)

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Around one request that is worked on."""
        self.working += 1
        self.idle.clear()
        try:
            yield
        finally:
            self.working -= 1
            if not self.working:
                self.idle.set()

    async def wait_until_idle(self, seconds: float) -> bool:
        """Wait until nothing is worked on; false if that takes longer."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.idle.wait(), seconds)
        return self.idle.is_set()


class FrameworkAdapter:
    """Sends probes to the application, and turns the framework's errors into problems."""

    def __init__(self, framework: ASGIApp, ours: ASGIApp) -> None:
        self.framework, self.ours = framework, ours

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the start and stop of the process."""
        if scope["type"] != "http":
            await self.framework(scope, receive, send)
        elif scope["path"] in OWN_PATHS:
            await self.ours(scope, receive, send)
        else:
            await self.framework(scope, receive, _ErrorTranslator(scope, receive, send))


class _ErrorTranslator:
    """Sends what the framework sends, but its own errors as problems."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope, self.receive, self.send = scope, receive, send
        self.replaced = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and (problem := _problem_of(message)):
            self.replaced = True
            response = problem.response(trace_id_of(self.scope))
            await response(self.scope, self.receive, self.send)
        elif not self.replaced:
            await self.send(message)


def _problem_of(start: Message) -> Problem | None:
    """What the framework means by an error of its own; None for what the application answers."""
    status: int = start["status"]
    if status < 400 or Headers(raw=start["headers"]).get("content-type") == PROBLEM_MEDIA_TYPE:
        return None
    return FRAMEWORK_PROBLEMS.get(status) or Problem(status, "the request could not be handled")


LOG = logging.getLogger("triage")
TRACERESPONSE_HEADER = TRACERESPONSE.encode()
TIMEOUT_PROBLEM = FRAMEWORK_PROBLEMS[504]


class ScoringRoute:
    """Answers scoring requests of the application in `whole`, and passes on the rest.

    seconds: until a request is answered with a 504; it is worked on to the end all the same.
    """

    def __init__(self, whole: InFlightTracker, others: ASGIApp, seconds: float) -> None:
        self.whole, self.others, self.seconds = whole, others, seconds
        app: Any = whole.app
        self.app = app
        self.addresses: Mapping[str, ScoringEndpoint] = app.state.addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        kind = self.addresses.get(scope.get("path", "")) if scope["type"] == "http" else None
        if kind is None or scope["method"] != "POST":
            await self.others(scope, receive, send)
            return
        scope["app"] = self.app
        watching = getattr(self.app.state, "watching", None)
        with self.whole.busy(), observe_request(watching, scope) as seen:
            seen.route = scope["path"]
            headers: RawHeaders = []
            response = await self._answered(Request(scope, receive), kind, headers)
            seen.status = response.status_code
            headers += [
                *response.raw_headers,
                *DATA_SECURITY_HEADERS,
                (TRACERESPONSE_HEADER, traceresponse_value(scope).encode()),
            ]
            start = {"type": "http.response.start", "status": response.status_code}
            await send({**start, "headers": headers})
            await send({"type": "http.response.body", "body": response.body})

    async def _answered(
        self, request: Request, kind: ScoringEndpoint, headers: RawHeaders
    ) -> Response:
        """The answer, or the problem that it ends with. headers: see `authenticate`."""
        try:
            async with asyncio.timeout(self.seconds):
                await authenticate(request.scope, getattr(self.app.state, "gate", None), headers)
                return await score_request(request, kind)
        except TimeoutError:
            return TIMEOUT_PROBLEM.response(trace_id_of(request.scope))
        except Exception as error:
            if (response := await handle_error(request, error)) is None:
                raise
            if response.status_code == 500:
                LOG.exception("failed (trace %s)", trace_id_of(request.scope))
            return response
