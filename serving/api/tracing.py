"""W3C Trace Context at the door: every answer names the trace under which it is on record."""

from __future__ import annotations

import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.context import trace_id

TRACEPARENT = "traceparent"
TRACERESPONSE = "traceresponse"
IN_SCOPE = "triage.trace_id"
SPAN_IN_SCOPE = "triage.span"
"""Where the span of a request is kept (an OpenTelemetry `SpanContext`), if there is one."""


def trace_of(scope: Scope) -> str:
    """The trace id of a request; the same however often it is asked for."""
    if IN_SCOPE not in scope:
        scope[IN_SCOPE] = trace_id(Headers(scope=scope).get(TRACEPARENT))
    return str(scope[IN_SCOPE])


class Traced:
    """Adds `traceresponse` to what an application answers (W3C Trace Context, level 2)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; what is traced already, or is none, is passed on."""
        if scope["type"] != "http" or IN_SCOPE in scope:
            await self.app(scope, receive, send)
            return
        trace_of(scope)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[TRACERESPONSE] = told(scope)
            await send(message)

        await self.app(scope, receive, answer)


def told(scope: Scope) -> str:
    """The trace and the span under which a request was answered, and whether it is kept."""
    span = scope.get(SPAN_IN_SCOPE)
    if span is None or not span.is_valid:
        return f"00-{trace_of(scope)}-{secrets.token_hex(8)}-00"
    return f"00-{trace_of(scope)}-{span.span_id:016x}-{span.trace_flags:02x}"
