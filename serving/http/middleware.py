"""The one ASGI stack of the service, and the order in which a request passes it.

Security headers, trace, telemetry, in-flight tracking, time-out, authentication and error handling
stand around every request once. Behind them scoring requests go straight to their endpoint and
everything else to FastAPI's router.

The stack is one application instead of a chain of wrappers: each wrapper costs a coroutine and a
`send` closure, and together they took two thirds of the time of a scoring request.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from fastapi import FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from serving.http.authentication import authenticate
from serving.http.error_handlers import handle_error
from serving.http.problems import Problem
from serving.http.response_headers import (
    DEPRECATIONS,
    Deprecation,
    RawHeaders,
    missing_security_headers,
)
from serving.http.scoring_routes import ScoringEndpoint, score_request
from serving.telemetry.request_tracing import (
    TRACERESPONSE_HEADER,
    ObservedRequest,
    observe_request,
    trace_id_of,
    traceresponse_value,
)

LOG = logging.getLogger("triage")
TIMEOUT_SECONDS = 30.0
"""Default of `app.state.timeout_seconds`; the service sets it from its settings."""
TIMEOUT_PROBLEM = Problem(
    504,
    "not answered in time; whether it was recorded is not known",
    mend="send the same again with the same Idempotency-Key: what was recorded is answered, "
    "and nothing is recorded twice; without a key, look at the desk before you ask again",
    retry_after=5,
)


class MiddlewareStack:
    """Middleware of a FastAPI application; set as its `middleware_stack`.

    What it needs of the running service it reads from `app.state`, see `serving.http.app`.
    """

    def __init__(
        self,
        app: FastAPI,
        scoring: Mapping[str, ScoringEndpoint],
        deprecated: Mapping[str, Deprecation] = DEPRECATIONS,
    ) -> None:
        """Build the stack.

        Args:
            app: the application whose router answers what is no scoring request.
            scoring: endpoints of scoring requests, by path.
            deprecated: addresses that will go, by path as the contract writes it.
        """
        self.state, self.scoring, self.deprecated = app.state, scoring, deprecated
        self.router = AsyncExitStackMiddleware(app.router)  # FastAPI closes files with it
        self.in_flight = InFlightTracker()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.router(scope, receive, send)
            return
        with self.in_flight.track(), observe_request(self.state.telemetry, scope) as observed:
            response = ResponseSender(scope, send, observed, self.deprecated)
            timer = asyncio.get_running_loop().call_later(
                self.state.timeout_seconds, response.time_out
            )
            try:
                await authenticate(scope, self.state.authenticator, response.headers)
                await self._route(scope, receive, response)
            except Exception as error:  # noqa: BLE001 - every error is answered with a problem
                await self._answer_error(scope, receive, response, error)
            finally:
                timer.cancel()

    async def _route(self, scope: Scope, receive: Receive, response: ResponseSender) -> None:
        """Call the scoring endpoint of the path, or FastAPI's router."""
        endpoint = self.scoring.get(scope["path"]) if scope["method"] == "POST" else None
        if endpoint is None:
            await self.router(scope, receive, response)
            return
        response.observed.route = scope["path"]
        answer = await score_request(Request(scope, receive), endpoint)
        await answer(scope, receive, response)

    async def _answer_error(
        self, scope: Scope, receive: Receive, response: ResponseSender, error: Exception
    ) -> None:
        """Answer an error with its problem.

        Raises:
            Exception: the error, where a part of another answer was sent already.
        """
        if response.started and not response.timed_out:
            raise error
        answer = await handle_error(Request(scope, receive), error)
        if answer.status_code == 500:
            LOG.error("failed (trace %s)", trace_id_of(scope), exc_info=error)
        await answer(scope, receive, response)


class ResponseSender:
    """`send` of one request: adds headers, notes the status, and answers when time is up.

    headers: what authentication has to say in the answer, such as the remaining rate limit.
    """

    def __init__(
        self,
        scope: Scope,
        send: Send,
        observed: ObservedRequest,
        deprecated: Mapping[str, Deprecation],
    ) -> None:
        self.scope, self.send, self.observed, self.deprecated = scope, send, observed, deprecated
        self.headers: RawHeaders = []
        self.started = self.timed_out = False
        self._timeout_answer: asyncio.Task[None] | None = None

    async def __call__(self, message: Message) -> None:
        """Send a message of the answer; after a time-out, drop it."""
        if not self.timed_out:
            await self._send(message)

    def time_out(self) -> None:
        """Answer with a 504 unless an answer has begun.

        The handler is not cancelled: what it records is recorded as a whole, and the process
        waits for it when it stops.
        """
        if not self.started:
            self.started = self.timed_out = True
            self._timeout_answer = asyncio.ensure_future(self._send_timeout())

    async def _send_timeout(self) -> None:
        answer = TIMEOUT_PROBLEM.response(trace_id_of(self.scope))
        with suppress(OSError):  # the caller may be gone
            await answer(self.scope, _receive_nothing, self._send)

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.observed.status = message["status"]
            message["headers"] = self._complete(list(message.get("headers", ())))
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self.observed.finish()  # first: a caller that has its answer is in the metrics
        await self.send(message)

    def _complete(self, headers: RawHeaders) -> RawHeaders:
        trace = (TRACERESPONSE_HEADER, traceresponse_value(self.scope).encode())
        gone = self.deprecated.get(self.observed.route_path)
        return [
            *headers,
            *self.headers,
            trace,
            *(gone.raw_headers() if gone else ()),
            *missing_security_headers(self.scope["path"], headers),
        ]


async def _receive_nothing() -> Message:
    return {"type": "http.disconnect"}


class InFlightTracker:
    """Counts requests whose handler runs, whether or not they have been answered with a 504."""

    def __init__(self) -> None:
        self.count = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @contextmanager
    def track(self) -> Iterator[None]:
        """Count one request while the block runs."""
        self.count += 1
        self._idle.clear()
        try:
            yield
        finally:
            self.count -= 1
            if not self.count:
                self._idle.set()

    async def wait_until_idle(self, seconds: float) -> bool:
        """Wait until no handler runs; return false if that takes longer than so many seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)
        return self._idle.is_set()
