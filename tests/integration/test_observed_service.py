"""What the service tells of itself: metrics, traces and logs of a real server."""

import http.client
import http.server
import json
import re
import threading

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.server.supervisor import run_service
from tests.support.polling import poll_until
from tests.support.ports import free_port
from tests.support.synthetic_lake import example_case, make_lake

pytestmark = pytest.mark.slow(20)

TASK = STOCK_RISK.name
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
CANARY = "Zaphod.Beeblebrox"
TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnkifQ.c2VjcmV0"
KEY = "canary-key-5f2d1c"


class Collector(http.server.BaseHTTPRequestHandler):
    """An OpenTelemetry collector that keeps what it gets."""

    def do_POST(self):
        sent = ExportTraceServiceRequest()
        sent.ParseFromString(self.rfile.read(int(self.headers["Content-Length"])))
        for resource in sent.resource_spans:
            for scope in resource.scope_spans:
                self.server.spans.extend(scope.spans)
        self.server.tokens.add(self.headers["X-Collector"])
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def collector():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.spans, server.tokens = [], set()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return make_lake(tmp_path_factory.mktemp("lake"), (TASK,))


@pytest.fixture(scope="module")
def running(lake, collector):
    with pytest.MonkeyPatch.context() as patch:
        host, port = collector.server_address
        patch.setenv("TRIAGE_OTLP_ENDPOINT", f"http://{host}:{port}/v1/traces")
        patch.setenv("TRIAGE_OTLP_HEADERS", "X-Collector=of-the-test")
        patch.setenv("TRIAGE_ACCESS_LOG", "true")
        patch.setenv("TRIAGE_FIGURES_SECONDS", "0.001")
        patch.setenv("TRIAGE_WORKERS", "2")
        with run_service(lake, port=free_port(), log=lake.home / "service.log") as started:
            yield started


def ask(running, method, path, body=None, **headers):
    host, port = running.address.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    try:
        kind = {} if body is None else {"Content-Type": "application/json"}
        sent = json.dumps(body).encode() if isinstance(body, dict) else body
        connection.request(method, path, sent, kind | headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def measured(running):
    """Every sample by its name and labels, summed over the rest."""
    status, headers, content = ask(running, "GET", "/metrics")
    assert (status, headers.get_content_type()) == (200, "text/plain")
    families = text_string_to_metric_families(content.decode())
    return {
        (one.name, frozenset(one.labels.items())): one.value
        for family in families
        for one in family.samples
    }


def value(samples, name, **labels):
    return sum(
        samples[one] for one in samples if one[0] == name and labels.items() <= dict(one[1]).items()
    )


def test_metrics_count_what_every_process_answered(running):
    before = measured(running)
    for number in range(20):
        running.recommend(TASK, [example_case(TASK, number), example_case(TASK, number + 100)])
    after = measured(running)

    def grown(name, **labels):
        return value(after, name, **labels) - value(before, name, **labels)

    assert grown("triage_requests_total", route="/v1/stock_risk", status="200", method="POST") == 20
    assert grown("triage_request_seconds_count", route="/v1/stock_risk") == 20
    assert grown("triage_recommendations_total", task="stock_risk") == 40
    for stage in ("read", "lookup", "score", "explain", "advise", "audit"):
        assert grown("triage_stage_seconds_count", stage=stage) == 20, stage
    assert grown("triage_open_cases", task="stock_risk") == 40
    assert grown("triage_record_entries") >= 40  # a checkpoint is an entry too
    assert value(after, "triage_task_served", task="stock_risk") == 1
    assert value(after, "triage_task_served", task="supplier_delay") == 0
    assert value(after, "triage_record_readable") == 1
    assert value(after, "triage_profiles_age_seconds") > 0


def test_addresses_that_are_made_up_do_not_grow_the_metrics(running):
    ask(running, "GET", "/made/up/0")
    before = measured(running)
    for number in range(30):
        ask(running, "GET", f"/made/up/{number}")
        ask(running, "GET", f"/v1/recommendations/{number}")
        ask(running, f"METHOD{number}", "/livez")
    after = measured(running)
    labels = {dict(labels).get("route") for _, labels in after} - {None}
    assert labels <= {"none", "/livez", "/metrics", "/readyz", "/v1/stock_risk", *TEMPLATES}
    assert len(after) - len(before) < 60
    assert value(after, "triage_requests_total", route="none", status="404") >= 30


TEMPLATES = {"/v1/recommendations/{identifier}", "/v1/recommendations/{identifier}/decision"}


def test_a_trace_goes_on_from_the_caller_through_every_stage(running, collector):
    sent = f"00-{TRACE}-{PARENT}-01"
    status, headers, _ = ask(
        running, "POST", "/v1/stock_risk", {"cases": [example_case(TASK, 1)]}, traceparent=sent
    )
    assert status == 200
    spans = poll_until(lambda: of_trace(collector, TRACE, 7))
    (top,) = [span for span in spans if span.kind == span.SPAN_KIND_SERVER]
    assert top.parent_span_id.hex() == PARENT
    assert top.name == "POST /v1/stock_risk"
    assert headers["traceresponse"] == f"00-{TRACE}-{top.span_id.hex()}-01"
    below = {span.name for span in spans if span.parent_span_id == top.span_id}
    assert below == {"read", "lookup", "score", "explain", "advise", "audit"}
    assert collector.tokens == {"of-the-test"}


def test_a_trace_that_begins_here_has_the_id_that_is_on_record(running, collector):
    _, headers, _ = ask(running, "POST", "/v1/stock_risk", {"cases": [example_case(TASK, 2)]})
    trace = headers["traceresponse"].split("-")[1]
    spans = poll_until(lambda: of_trace(collector, trace, 7))
    assert sum(not span.parent_span_id for span in spans) == 1


def of_trace(collector, trace, min_effect):
    found = [span for span in list(collector.spans) if span.trace_id.hex() == trace]
    return found if len(found) >= min_effect else None


def test_nothing_that_was_sent_is_logged_or_traced(running, lake, collector):
    (answer,) = running.recommend(TASK, [example_case(TASK, 3)])
    here = f"/v1/recommendations/{answer['id']}"
    told = {"Idempotency-Key": KEY, "X-Api-Key": KEY}
    decision = {"action": "followed", "role": "planner", "person": CANARY}
    asked = [
        ("POST", "/v1/stock_risk", {"cases": [example_case(TASK, 4, item_id=CANARY)]}),
        ("POST", "/v1/stock_risk", {"cases": [example_case(TASK, 4, on_hand=CANARY)]}),
        ("POST", "/v1/stock_risk", f"{{{CANARY}".encode()),
        ("POST", "/v1/stock_risk", f'{{"{CANARY}": "\\ud800"}}'.encode()),
        ("POST", "/v1/supplier_delay", {"cases": [example_case(SUPPLIER_DELAY.name, 4)]}),
        ("POST", f"{here}/decision", decision),
        ("POST", f"{here}/decision", decision | {"resolved_as": CANARY}),
        ("GET", here, None),
        ("GET", f"{here}/report", None),
        ("GET", f"{here}/counterfactuals", None),
        ("GET", f"/v1/recommendations/{CANARY}", None),
        ("GET", f"/desk?site={CANARY}&task={TOKEN}", None),
        ("GET", f"/{CANARY}?token={TOKEN}", None),
        ("GET", "/readyz", None),
        ("BREW", f"/{CANARY}", None),
    ]
    statuses = [ask(running, *one, **told)[0] for one in asked]
    assert {200, 422, 404} <= set(statuses)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert 401 in {ask(running, *one, **told, **bearer)[0] for one in asked}
    _, headers, _ = ask(running, "GET", "/livez")
    trace = headers["traceresponse"].split("-")[1]
    log = poll_until(lambda: text if trace in (text := read(lake)) else None)
    poll_until(lambda: of_trace(collector, trace, 1))
    spans = b"".join(span.SerializeToString() for span in list(collector.spans))
    for secret in (CANARY, TOKEN, TOKEN.split(".")[1], KEY):
        assert secret not in log
        assert secret.encode() not in spans


def read(lake):
    return (lake.home / "service.log").read_text()


def test_a_line_of_the_log_is_one_object_with_its_trace(running, lake):
    _, headers, _ = ask(running, "GET", "/v1/recommendations/nobody")
    trace = headers["traceresponse"].split("-")[1]
    log = poll_until(lambda: text if re.search(f"{trace}.*\n", text := read(lake)) else None)
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    (line,) = [line for line in lines if line.get("trace_id") == trace]
    assert line["event"] == "answered"
    assert (line["route"], line["status"]) == ("/v1/recommendations/{identifier}", 404)
    assert {"time", "level", "logger", "seconds"} <= line.keys()
    others = [line for line in log.splitlines() if not line.startswith("{")]
    assert all("[cli]" in line for line in others), "BentoML says once that it starts"


def test_another_service_on_the_lake_counts_for_itself(lake, running):
    def asked(one):
        return value(measured(one), "triage_recommendations_total", task="stock_risk")

    running.recommend(TASK, [example_case(TASK, 1)])
    before = asked(running)
    with run_service(lake, port=free_port(), log=lake.home / "other.log") as other:
        assert asked(other) == 0
        other.recommend(TASK, [example_case(TASK, number) for number in range(3)])
        assert asked(other) == 3
        assert asked(running) == before > 0
