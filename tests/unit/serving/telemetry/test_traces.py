"""Spans: their place in the trace, and what they never hold."""

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from data.settings import SettingError
from serving.runtime.settings import TelemetrySettings
from serving.telemetry.traces import Tracer, current_context, with_parents

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CANARY = "Zaphod Beeblebrox"


@pytest.fixture
def exported():
    return InMemorySpanExporter()


def traced(exported, share=1.0):
    return Tracer(SimpleSpanProcessor(exported), share)


def test_spans_are_made_although_the_frameworks_tracing_is_switched_off(exported, monkeypatch):
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    traces = traced(exported)
    with traces.request(TRACE, f"00-{TRACE}-{PARENT}-01"), traces.span("score"):
        pass
    inner, outer = exported.get_finished_spans()
    assert (inner.name, inner.parent.span_id) == ("score", outer.context.span_id)
    assert f"{outer.context.trace_id:032x}" == TRACE
    assert f"{outer.parent.span_id:016x}" == PARENT


def test_without_a_caller_the_trace_has_the_id_of_the_record(exported):
    with traced(exported).request(TRACE, None):
        pass
    (span,) = exported.get_finished_spans()
    assert f"{span.context.trace_id:032x}" == TRACE
    assert span.parent is None


@pytest.mark.parametrize("sent", ["", "junk", f"00-{'1' * 32}-{PARENT}-01"])
def test_a_header_of_another_trace_is_nobodys_parent(exported, sent):
    with traced(exported).request(TRACE, sent):
        pass
    assert exported.get_finished_spans()[0].parent is None


def test_a_caller_that_does_not_keep_its_trace_is_followed(exported):
    with traced(exported).request(TRACE, f"00-{TRACE}-{PARENT}-00"):
        pass
    assert exported.get_finished_spans() == ()


def test_a_share_of_none_keeps_nothing_that_begins_here(exported):
    with traced(exported, share=0.0).request(TRACE, None):
        pass
    assert exported.get_finished_spans() == ()


def test_a_span_records_the_type_of_an_error_without_its_message(exported):
    traces = traced(exported)
    with pytest.raises(ValueError, match=CANARY), traces.request(TRACE, None), traces.span("read"):
        raise ValueError(CANARY)
    inner, _ = exported.get_finished_spans()
    assert (inner.status.status_code, inner.status.description) == (StatusCode.ERROR, "ValueError")
    assert not any(CANARY in span.to_json() for span in exported.get_finished_spans())


def test_without_a_collector_nothing_is_traced_and_nothing_fails():
    traces = Tracer.of(TelemetrySettings())
    with traces.request(TRACE, None) as span, traces.span("score"):
        assert not span.is_recording()
    traces.stop()


def test_headers_that_cannot_be_read_are_told_without_their_value(monkeypatch):
    monkeypatch.setenv("TRIAGE_OTLP_ENDPOINT", "http://127.0.0.1:1/v1/traces")
    monkeypatch.setenv("TRIAGE_OTLP_HEADERS", CANARY)
    with pytest.raises(SettingError, match="TRIAGE_OTLP_HEADERS") as error:
        Tracer.of(TelemetrySettings())
    assert CANARY not in str(error.value)


def test_work_done_for_several_requests_has_its_span_below_each_of_theirs(exported):
    traces, other = traced(exported), "1" * 32
    above = []
    for trace_id in (TRACE, other):
        with traces.request(trace_id, None):
            above.append(current_context())
    exported.clear()
    with with_parents(above), pytest.raises(ValueError, match=CANARY), traces.span("score"):
        raise ValueError(CANARY)
    spans = exported.get_finished_spans()
    assert [f"{span.context.trace_id:032x}" for span in spans] == [TRACE, other]
    assert [span.name for span in spans] == ["score", "score"]
    assert {(span.status.status_code, span.status.description) for span in spans} == {
        (StatusCode.ERROR, "ValueError")
    }
    assert len({(span.start_time, span.end_time > span.start_time) for span in spans}) == 1


def test_without_requests_above_shared_work_has_no_span(exported):
    with with_parents([]), traced(exported).span("score"):
        pass
    assert exported.get_finished_spans() == ()
