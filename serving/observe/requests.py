"""Requests as they are observed: one span, one count and, if wanted, one line in the log each."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry.trace import Span, StatusCode
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from serving.api.tracing import SPAN_IN_SCOPE, TRACEPARENT, trace_of
from serving.observe.metrics import METHODS, NONE, OTHER
from serving.observe.watching import Watching

LOG = logging.getLogger("triage.requests")
SEEN = "triage.seen"
FAILED = 500


@dataclass
class Seen:
    """What is learnt of a request on its way. route: its template, "" where nothing is."""

    route: str = ""
    status: int = FAILED


def routed(scope: Scope) -> None:
    """Note which route answered: called where the application was entered."""
    seen = scope.get(SEEN)
    if seen is not None:
        seen.route = getattr(scope.get("route"), "path", "")


class Observed:
    """Observes what an application answers. watching: None until the service has loaded."""

    def __init__(self, app: ASGIApp, watching: Callable[[], Watching | None]) -> None:
        self.app, self.watching = app, watching

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with observed(self.watching(), scope) as seen:

            async def answer(message: Message) -> None:
                if message["type"] == "http.response.start":
                    seen.status = message["status"]
                await send(message)

            await self.app(scope, receive, answer)


@contextmanager
def observed(watching: Watching | None, scope: Scope) -> Iterator[Seen]:
    """Around one request; its trace id is in every line that is logged meanwhile."""
    seen = scope[SEEN] = Seen()
    if watching is None:
        yield seen
        return
    trace, sent = trace_of(scope), Headers(scope=scope).get(TRACEPARENT)
    with bound_contextvars(trace_id=trace), watching.traces.request(trace, sent) as span:
        scope[SPAN_IN_SCOPE] = span.get_span_context()
        started = time.perf_counter()
        try:
            yield seen
        finally:
            _told(watching, span, scope["method"], seen, time.perf_counter() - started)


def _told(watching: Watching, span: Span, method: str, seen: Seen, seconds: float) -> None:
    """Count, close and log a request: by its route, for its path may hold anything."""
    known = method if method in METHODS else OTHER
    watching.metrics.answered_request(known, seen.route, seen.status, seconds)
    span.update_name(f"{known} {seen.route or NONE}")
    span.set_attribute("http.request.method", known)
    span.set_attribute("http.route", seen.route)
    span.set_attribute("http.response.status_code", seen.status)
    if seen.status >= FAILED:
        span.set_status(StatusCode.ERROR)
    if watching.access_log:
        fields = {"method": known, "route": seen.route or NONE, "status": seen.status}
        LOG.info("answered", extra=fields | {"seconds": round(seconds, 6)})
