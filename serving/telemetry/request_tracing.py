"""Trace context (W3C) and telemetry of a request: one span, one count, one access log line."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from opentelemetry.trace import INVALID_SPAN, Span, StatusCode
from starlette.datastructures import Headers
from starlette.types import Scope
from structlog.contextvars import bound_contextvars

from serving.runtime.context import parse_trace_id
from serving.telemetry.metrics import METHODS, NONE_LABEL, OTHER_LABEL
from serving.telemetry.service_telemetry import ServiceTelemetry

TRACEPARENT = "traceparent"
TRACERESPONSE_HEADER = b"traceresponse"
TRACE_ID_KEY = "triage.trace_id"
SPAN_KEY = "triage.span"
"""Key of the ASGI scope that holds the OpenTelemetry `SpanContext` of a request."""


def trace_id_of(scope: Scope) -> str:
    """Return the trace id of a request; the caller's, or a new one that stays the same."""
    if TRACE_ID_KEY not in scope:
        scope[TRACE_ID_KEY] = parse_trace_id(Headers(scope=scope).get(TRACEPARENT))
    return str(scope[TRACE_ID_KEY])


def traceresponse_value(scope: Scope) -> str:
    """Return `traceresponse` (W3C Trace Context, level 2): trace, span, whether sampled."""
    span = scope.get(SPAN_KEY)
    if span is None or not span.is_valid:
        return f"00-{trace_id_of(scope)}-{secrets.token_hex(8)}-00"
    return f"00-{trace_id_of(scope)}-{span.span_id:016x}-{span.trace_flags:02x}"


LOG = logging.getLogger("triage.requests")
SERVER_ERROR = 500


@dataclass
class ObservedRequest:
    """A request from its arrival to its answer.

    telemetry: None while the service loads; the request is not reported then.
    route: template of the route, e.g. "/v1/models"; the one that the router matched if empty.
    """

    scope: Scope
    telemetry: ServiceTelemetry | None = None
    span: Span = INVALID_SPAN
    started: float = field(default_factory=time.perf_counter)
    route: str = ""
    status: int = SERVER_ERROR
    finished: bool = False

    @property
    def route_path(self) -> str:
        """Template of the route that answers; empty while none is known."""
        return self.route or getattr(self.scope.get("route"), "path", "")

    def finish(self) -> None:
        """Report the request as answered, once, however often it is called."""
        if not self.finished:
            self.finished = True
            _report(self, time.perf_counter() - self.started)


@contextmanager
def observe_request(telemetry: ServiceTelemetry | None, scope: Scope) -> Iterator[ObservedRequest]:
    """Observe a request while the block runs; log lines of the block carry its trace id."""
    if telemetry is None:
        yield ObservedRequest(scope)
        return
    trace_id, sent = trace_id_of(scope), Headers(scope=scope).get(TRACEPARENT)
    with bound_contextvars(trace_id=trace_id), telemetry.traces.request(trace_id, sent) as span:
        scope[SPAN_KEY] = span.get_span_context()
        observed = ObservedRequest(scope, telemetry, span)
        try:
            yield observed
        finally:
            observed.finish()


def _report(observed: ObservedRequest, seconds: float) -> None:
    """Count and log a request by its route, for its path may hold anything."""
    if observed.telemetry is None:
        return
    method, route, span = observed.scope["method"], observed.route_path, observed.span
    known = method if method in METHODS else OTHER_LABEL
    observed.telemetry.metrics.count_request(known, route, observed.status, seconds)
    span.update_name(f"{known} {route or NONE_LABEL}")
    span.set_attribute("http.request.method", known)
    span.set_attribute("http.route", route)
    span.set_attribute("http.response.status_code", observed.status)
    if observed.status >= SERVER_ERROR:
        span.set_status(StatusCode.ERROR)
    if observed.telemetry.access_log:
        fields = {"method": known, "route": route or NONE_LABEL, "status": observed.status}
        LOG.info("answered", extra=fields | {"seconds": round(seconds, 6)})
