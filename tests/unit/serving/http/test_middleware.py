"""The middleware stack: every request passes it once, whether it is scored or routed."""

import asyncio
import json
import threading
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.auth.authenticator import Authenticator
from serving.auth.caller import ALL_SCOPES, Caller
from serving.auth.rate_limits import RateLimiter
from serving.http.app import create_app
from serving.http.middleware import InFlightTracker
from serving.http.response_headers import DATA_CSP, SECURITY_HEADERS
from serving.pipeline.engine import load_engine
from serving.pipeline.micro_batcher import MicroBatcher
from serving.runtime.settings import AuthSettings, ServiceSettings
from serving.telemetry.metrics import Metrics
from serving.telemetry.service_telemetry import ServiceTelemetry
from serving.telemetry.traces import Tracer
from tests.support.event_loops import run_coroutine
from tests.support.open_access import ALLOW_EVERY_CALLER
from tests.support.synthetic_lake import example_case, make_lake
from tests.support.synthetic_recommendations import CATALOGUE, EXAMPLES

pytestmark = pytest.mark.slow(5)

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
TASK = STOCK_RISK.name
PATH = f"/v1/{TASK}"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    started = load_engine(
        ServiceSettings(home=make_lake(tmp_path_factory.mktemp("lake"), (TASK,)).home), now
    )
    yield started
    started.audit.close()


def now():
    return NOW


def application(engine, authenticator=ALLOW_EVERY_CALLER, **state):
    """An application that serves; state: what of it is different."""
    app = create_app(CATALOGUE)
    app.state.authenticator, app.state.engine = authenticator, engine
    app.state.max_body_bytes = 20_000
    for name, value in state.items():
        setattr(app.state, name, value)
    app.state.review = SimpleNamespace(engine=engine)  # nothing here is replayed
    return app


def client(engine, authenticator=ALLOW_EVERY_CALLER, **state):
    return TestClient(application(engine, authenticator, **state), raise_server_exceptions=False)


SENT = {
    "scored": (PATH, {"cases": [example_case(TASK, 1)]}, JSON, 200),
    "several": (PATH, {"cases": [example_case(TASK, 1), example_case(TASK, 2)]}, JSON, 200),
    "mixed": ("/v1/triage", {"cases": [{"task": TASK, "case": example_case(TASK, 1)}]}, JSON, 200),
    "without a model": (
        "/v1/supplier_delay",
        {"cases": [EXAMPLES[SUPPLIER_DELAY.name]]},
        JSON,
        200,
    ),
    "an unusable key": (
        PATH,
        {"cases": [example_case(TASK, 1)]},
        JSON | {"Idempotency-Key": "a b"},
        400,
    ),
    "unknown field": (PATH, {"cases": [example_case(TASK, 1, colour="red")]}, JSON, 422),
    "no reasons of that kind": (
        PATH,
        {"cases": [example_case(TASK, 1)], "explain": "some"},
        JSON,
        422,
    ),
    "not JSON": (PATH, {"cases": []}, {"Content-Type": "text/plain"}, 415),
    "too large": (PATH, {"cases": [example_case(TASK, 1)] * 100}, JSON, 413),
    "known later": (
        PATH,
        {"cases": [EXAMPLES[TASK] | {"asked_at": "2026-02-01T00:00:00Z"}]},
        JSON,
        422,
    ),
    "no such address": ("/v1/nothing", {}, JSON, 404),
    "an address with a slash": (f"{PATH}/", {}, JSON, 404),
    "a routed request": ("/v1/events", {}, JSON, 422),
}


@pytest.mark.parametrize("what", SENT)
def test_every_answer_has_each_header_of_the_stack_once(engine, what):
    path, body, headers, status = SENT[what]
    answer = client(engine).post(path, content=json.dumps(body), headers=headers)
    assert answer.status_code == status
    for name, value in (*SECURITY_HEADERS, (b"content-security-policy", DATA_CSP)):
        assert answer.headers.get_list(name.decode()) == [value.decode()]
    (trace,) = answer.headers.get_list("traceresponse")
    if status != 200:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["trace_id"] == trace.split("-")[1]


@pytest.mark.parametrize("path", [PATH, "/v1/models"])
@pytest.mark.parametrize("loaded", [True, False])
def test_scored_and_routed_requests_are_refused_alike(engine, path, loaded):
    nobody = Authenticator(None, None, RateLimiter(AuthSettings()), now) if loaded else None
    answer = client(engine, nobody).request("POST" if path == PATH else "GET", path)
    assert answer.status_code == (401 if loaded else 503)
    assert answer.headers.get("www-authenticate") == ("Bearer" if loaded else None)


def test_scored_and_routed_requests_are_counted_together(engine):
    class Known:
        def caller(self, *_):
            return Caller("one", frozenset(ALL_SCOPES), None)

    limits = RateLimiter(AuthSettings(requests_per_minute=2, requests_per_second=1000))
    asks, shown = client(engine, Authenticator(Known(), None, limits, now)), "Bearer tk_one"
    headers = {"Authorization": shown}
    seen = [
        asks.get("/v1/models", headers=headers),
        asks.post(PATH, json={"cases": []}, headers=headers),
        asks.post(PATH, json={"cases": []}, headers=headers),
    ]
    assert [one.status_code for one in seen] == [200, 422, 429]
    assert [one.headers["ratelimit"].split(";t=")[0] for one in seen] == [
        '"minute";r=1',
        '"minute";r=0',
        '"minute";r=0',
    ]


def test_another_method_of_a_scoring_address_is_routed(engine):
    assert client(engine).get(PATH).status_code == 405


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("POST", PATH, PATH, 422),
        ("GET", "/v1/recommendations/x", "/v1/recommendations/{identifier}", 404),
        ("GET", "/livez", "/livez", 200),
        ("GET", "/v1/nothing", "none", 404),
    ],
)
def test_a_request_is_counted_once_by_its_route(engine, method, path, route, status):
    metrics = Metrics({})
    asks = client(engine, telemetry=ServiceTelemetry(metrics, Tracer(None)))
    assert asks.request(method, path, json={"cases": []}).status_code == status
    labels = {"method": method, "route": route, "status": str(status)}
    assert metrics.registry.get_sample_value("triage_requests_total", labels) == 1
    assert metrics.registry.get_sample_value("triage_request_seconds_count", {"route": route}) == 1


class Exchange:
    """One scoring request past any server: what is sent, and when the handler is done."""

    def __init__(self, app):
        self.messages, self.answered = [], asyncio.Event()
        body = json.dumps({"cases": [example_case(TASK, 1)]}).encode()
        self.request = {"type": "http.request", "body": body, "more_body": False}
        scope = {"type": "http", "method": "POST", "path": PATH, "query_string": b""}
        headers = [(b"content-type", b"application/json")]
        self.running = asyncio.create_task(
            app(scope | {"headers": headers}, self.receive, self.send)
        )

    async def receive(self):
        return self.request

    async def send(self, message):
        self.messages.append(message)
        if message["type"] == "http.response.body":
            self.answered.set()


def test_a_request_that_takes_too_long_gets_a_504_and_its_handler_runs_to_the_end(engine):
    go_on, done = threading.Event(), threading.Event()

    def slow(requests):
        assert go_on.wait(30)
        done.set()
        return [ZeroDivisionError() for _ in requests]

    async def timed_out():
        metrics, batcher = Metrics({}), MicroBatcher(slow)
        telemetry = ServiceTelemetry(metrics, Tracer(None))
        app = application(engine, scoring=batcher, timeout_seconds=0.05, telemetry=telemetry)
        exchange = Exchange(app)
        await exchange.answered.wait()
        early = done.is_set(), await app.state.in_flight.wait_until_idle(0)
        labels = {"method": "POST", "route": PATH, "status": "504"}
        counted = metrics.registry.get_sample_value("triage_requests_total", labels)
        go_on.set()
        late = await app.state.in_flight.wait_until_idle(30)
        await exchange.running
        batcher.close(30)
        return exchange.messages, early, counted, late

    (start, body), early, counted, late = run_coroutine(timed_out)
    assert (start["status"], json.loads(body["body"])["type"]) == (504, "/problems/timed-out")
    assert "same Idempotency-Key" in json.loads(body["body"])["mend"]
    assert int(dict(start["headers"])[b"retry-after"]) > 0
    assert (early, counted, late) == ((False, False), 1, True)
    assert done.is_set()


def test_a_failure_gives_nothing_away(engine, caplog):
    batcher = MicroBatcher(lambda requests: [ValueError("secret") for _ in requests])
    answer = client(engine, scoring=batcher).post(PATH, json={"cases": []})
    assert (answer.status_code, answer.json()["detail"]) == (500, "the service failed: ValueError")
    assert answer.json()["trace_id"] in caplog.text


def test_requests_that_come_together_are_answered_each_by_its_own(engine):
    """Twenty at once, every fifth of which cannot be read."""
    asks = client(engine)
    bodies = [
        {"cases": [example_case(TASK, i, on_hand="many" if i % 5 == 0 else 5.0)]} for i in range(20)
    ]

    async def at_once():
        loop = asyncio.get_running_loop()
        return await asyncio.gather(
            *(loop.run_in_executor(None, lambda b=b: asks.post(PATH, json=b)) for b in bodies)
        )

    for i, answer in enumerate(run_coroutine(at_once)):
        assert answer.status_code == (422 if i % 5 == 0 else 200)
        if answer.status_code == 200:
            (one,) = answer.json()["recommendations"]
            assert one["case"]["item_id"] == f"item_{i:04}"
            assert engine.read(one["id"])[0].sequence == one["audit_sequence"]


def test_a_stopping_process_waits_for_every_request_and_no_longer():
    async def waits():
        tracker = InFlightTracker()
        idle = await tracker.wait_until_idle(0)
        with tracker.track():
            busy = await tracker.wait_until_idle(0)
        return idle, busy, await tracker.wait_until_idle(30)

    assert run_coroutine(waits) == (True, False, True)


def test_a_request_that_fails_is_in_flight_no_more():
    async def fails():
        tracker = InFlightTracker()
        with pytest.raises(ZeroDivisionError), tracker.track():
            raise ZeroDivisionError
        return await tracker.wait_until_idle(0)

    assert run_coroutine(fails)
