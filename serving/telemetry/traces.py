"""OpenTelemetry traces: spans of requests and stages, exported where a collector is configured."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.sdk.environment_variables import OTEL_SDK_DISABLED
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags

from data.settings import SettingError
from serving.runtime.context import code_version
from serving.runtime.settings import TelemetrySettings

EXPORT_SECONDS = 5
FLUSH_MILLISECONDS = 2000
# Of a traceparent that is known to be valid: version-trace-parent-flags.
TRACE, PARENT, FLAGS = slice(3, 35), slice(36, 52), slice(53, 55)
ParentContext = otel.Context
_parents: ContextVar[Sequence[ParentContext]] = ContextVar(
    "spans that those of shared work are below"
)
_request_trace_id: ContextVar[int] = ContextVar("trace id of the request", default=0)


def current_context() -> ParentContext:
    """Return the current span's context, for work that another thread does for it."""
    return otel.get_current()


@contextmanager
def with_parents(parents: Sequence[ParentContext]) -> Iterator[None]:
    """Open spans of the block below those of several requests: the work is done for all of them."""
    token = _parents.set(parents)
    try:
        yield
    finally:
        _parents.reset(token)


class RequestTraceIds(RandomIdGenerator):
    """Gives a trace without a parent the id under which its request is recorded."""

    def generate_trace_id(self) -> int:
        """Return the trace id of the request; a new one outside of a request."""
        return _request_trace_id.get() or super().generate_trace_id()


class Tracer:
    """Opens spans; they hold nothing of a case, a person, or the text of an error."""

    def __init__(self, processor: SpanProcessor | None, share: float = 1.0) -> None:
        self.provider = _provider(processor, share) if processor else None
        source: trace.TracerProvider = self.provider or trace.NoOpTracerProvider()
        self.tracer = source.get_tracer("triage")

    @classmethod
    def of(cls, settings: TelemetrySettings) -> Tracer:
        """Create the tracer of the settings; it opens no spans without a collector."""
        if not settings.otlp_endpoint:
            return cls(None)
        return cls(BatchSpanProcessor(_exporter(settings)), settings.trace_share)

    @contextmanager
    def request(self, trace_id: str, traceparent: str | None) -> Iterator[Span]:
        """Open the span of a request, below the caller's span if there is one.

        Args:
            trace_id: of the request, 32 hexadecimal digits.
            traceparent: as the caller sent it; None without one.
        """
        if self.provider is None:
            yield trace.INVALID_SPAN
            return
        token = _request_trace_id.set(int(trace_id, 16))
        above = trace.set_span_in_context(_parent(trace_id, traceparent))
        with self.tracer.start_as_current_span(
            "request",
            above,
            SpanKind.SERVER,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            _request_trace_id.reset(token)
            yield span

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        """Open a span of a stage, below each request of `with_parents`.

        An error is noted by its type: its text may hold parts of a case.
        """
        if self.provider is None:
            yield
            return
        began, failed = time.time_ns(), None
        try:
            yield
        except Exception as error:
            failed = type(error).__name__
            raise
        finally:
            for above in _parents.get((otel.get_current(),)):
                span = self.tracer.start_span(name, above, start_time=began)
                if failed is not None:
                    span.set_status(trace.StatusCode.ERROR, failed)
                span.end()

    def stop(self) -> None:
        """Export the remaining spans, which takes seconds at most."""
        if self.provider is not None:
            self.provider.force_flush(FLUSH_MILLISECONDS)
            self.provider.shutdown()


def _parent(trace_id: str, traceparent: str | None) -> Span:
    """Return the caller's span; an invalid one if the trace begins here."""
    sent = (traceparent or "").strip()
    if sent[TRACE] != trace_id:
        return trace.INVALID_SPAN
    flags = TraceFlags(int(sent[FLAGS], 16) & TraceFlags.SAMPLED)
    return NonRecordingSpan(
        SpanContext(int(trace_id, 16), int(sent[PARENT], 16), is_remote=True, trace_flags=flags)
    )


def _provider(processor: SpanProcessor, share: float) -> TracerProvider:
    """Create our own provider; the variable that switches off BentoML's tracing spares it."""
    switched_off = os.environ.pop(OTEL_SDK_DISABLED, None)
    try:
        provider = TracerProvider(
            ParentBased(TraceIdRatioBased(share)),
            Resource.create({"service.name": "triage", "service.version": code_version()}),
            id_generator=RequestTraceIds(),
            shutdown_on_exit=False,
        )
    finally:
        if switched_off is not None:
            os.environ[OTEL_SDK_DISABLED] = switched_off
    provider.add_span_processor(processor)
    return provider


def _exporter(settings: TelemetrySettings) -> SpanExporter:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - seldom
        OTLPSpanExporter,
    )

    return OTLPSpanExporter(
        endpoint=settings.otlp_endpoint, headers=_headers(settings), timeout=EXPORT_SECONDS
    )


def _headers(settings: TelemetrySettings) -> dict[str, str]:
    text = settings.otlp_headers.get_secret_value() if settings.otlp_headers else ""
    pairs = [one.split("=", 1) for one in text.split(",") if one.strip()]
    if any(len(pair) != 2 for pair in pairs):
        raise SettingError("TRIAGE_OTLP_HEADERS: takes name=value, several with commas")
    return {name.strip(): value.strip() for name, value in pairs}
