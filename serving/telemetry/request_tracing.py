"""ASGI middleware for requests.

W3C trace context, one span, one count and, if wanted, one access log line each.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry.trace import Span, StatusCode
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from serving.runtime.context import parse_trace_id
from serving.telemetry.metrics import METHODS, NONE_LABEL, OTHER_LABEL
from serving.telemetry.service_telemetry import ServiceTelemetry

TRACEPARENT = "traceparent"
TRACERESPONSE = "traceresponse"
TRACE_ID_KEY = "triage.trace_id"
SPAN_KEY = "triage.span"
"""Where the span of a request is kept (an OpenTelemetry `SpanContext`), if there is one."""


def trace_id_of(scope: Scope) -> str:
    """The trace id of a request; the same however often it is asked for."""
    if TRACE_ID_KEY not in scope:
        scope[TRACE_ID_KEY] = parse_trace_id(Headers(scope=scope).get(TRACEPARENT))
    return str(scope[TRACE_ID_KEY])


class TraceResponseMiddleware:
    """Adds `traceresponse` to what an application answers (W3C Trace Context, level 2)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; what is traced already, or is none, is passed on."""
        if scope["type"] != "http" or TRACE_ID_KEY in scope:
            await self.app(scope, receive, send)
            return
        trace_id_of(scope)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[TRACERESPONSE] = traceresponse_value(scope)
            await send(message)

        await self.app(scope, receive, answer)


def traceresponse_value(scope: Scope) -> str:
    """The trace and the span under which a request was answered, and whether it is kept."""
    span = scope.get(SPAN_KEY)
    if span is None or not span.is_valid:
        return f"00-{trace_id_of(scope)}-{secrets.token_hex(8)}-00"
    return f"00-{trace_id_of(scope)}-{span.span_id:016x}-{span.trace_flags:02x}"


LOG = logging.getLogger("triage.requests")
OBSERVED_KEY = "triage.seen"
SERVER_ERROR = 500


@dataclass
class ObservedRequest:
    """What is learnt of a request on its way. route: its template, "" where nothing is."""

    route: str = ""
    status: int = SERVER_ERROR


def note_route(scope: Scope) -> None:
    """Note which route answered: called where the application was entered."""
    seen = scope.get(OBSERVED_KEY)
    if seen is not None:
        seen.route = getattr(scope.get("route"), "path", "")


class RequestTelemetryMiddleware:
    """Observes what an application answers. watching: None until the service has loaded."""

    def __init__(self, app: ASGIApp, watching: Callable[[], ServiceTelemetry | None]) -> None:
        self.app, self.watching = app, watching

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with observe_request(self.watching(), scope) as seen:

            async def answer(message: Message) -> None:
                if message["type"] == "http.response.start":
                    seen.status = message["status"]
                await send(message)

            await self.app(scope, receive, answer)


@contextmanager
def observe_request(watching: ServiceTelemetry | None, scope: Scope) -> Iterator[ObservedRequest]:
    """Around one request; its trace id is in every line that is logged meanwhile."""
    seen = scope[OBSERVED_KEY] = ObservedRequest()
    if watching is None:
        yield seen
        return
    trace, sent = trace_id_of(scope), Headers(scope=scope).get(TRACEPARENT)
    with bound_contextvars(trace_id=trace), watching.traces.request(trace, sent) as span:
        scope[SPAN_KEY] = span.get_span_context()
        started = time.perf_counter()
        try:
            yield seen
        finally:
            _report_request(watching, span, scope["method"], seen, time.perf_counter() - started)


def _report_request(
    watching: ServiceTelemetry, span: Span, method: str, seen: ObservedRequest, seconds: float
) -> None:
    """Count, close and log a request: by its route, for its path may hold anything."""
    known = method if method in METHODS else OTHER_LABEL
    watching.metrics.count_request(known, seen.route, seen.status, seconds)
    span.update_name(f"{known} {seen.route or NONE_LABEL}")
    span.set_attribute("http.request.method", known)
    span.set_attribute("http.route", seen.route)
    span.set_attribute("http.response.status_code", seen.status)
    if seen.status >= SERVER_ERROR:
        span.set_status(StatusCode.ERROR)
    if watching.access_log:
        fields = {"method": known, "route": seen.route or NONE_LABEL, "status": seen.status}
        LOG.info("answered", extra=fields | {"seconds": round(seconds, 6)})
