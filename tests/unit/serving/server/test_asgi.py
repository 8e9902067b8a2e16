"""Scoring requests past the frameworks: answered as the application's own routes answer them."""

import asyncio
import json
import threading
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.auth.authenticator import Authenticator
from serving.auth.caller import AccessScope, Caller
from serving.auth.rate_limits import RateLimiter
from serving.auth.settings import AuthSettings
from serving.http.app import create_app
from serving.pipeline.engine import load_engine
from serving.pipeline.micro_batcher import MicroBatcher
from serving.runtime.settings import ServiceSettings
from serving.server.asgi import InFlightTracker, ScoringRoute
from tests.anybody import ANYBODY
from tests.loops import ended
from tests.synthetic_score import CATALOGUE, EXAMPLES
from tests.synthetic_service import case, make_lake

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
TASK = STOCK_RISK.name
PATH = f"/v1/{TASK}"
JSON = {"Content-Type": "application/json"}
OF_ONE_ANSWER = {"id", "audit_sequence", "audit_hash", "report"}
NEVER_THE_SAME = {"traceresponse", "content-length", "ratelimit"}


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    started = load_engine(
        ServiceSettings(home=make_lake(tmp_path_factory.mktemp("lake"), (TASK,)).home), now
    )
    yield started
    started.audit.close()


def now():
    return NOW


def ways(engine, gate=ANYBODY):
    """The application by its own routes, and past them."""
    app = create_app(CATALOGUE)
    app.state.gate, app.state.engine = gate, engine
    app.state.max_body_bytes = 20_000
    express = ScoringRoute(InFlightTracker(app), others(), seconds=30)
    return [TestClient(one, raise_server_exceptions=False) for one in (app, express)]


def others():
    """Whoever answers what is not passed by: says so with a status of its own."""

    async def answer(scope, receive, send):
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return answer


def told(answer):
    """What of an answer is the same whenever it is asked for."""
    body = answer.json()
    body.pop("trace_id", None)
    body.pop("checkpoint", None)
    for one in body.get("recommendations", []):
        for name in OF_ONE_ANSWER:
            assert one.pop(name)
    body.pop("ranking", None)
    headers = {k: v for k, v in answer.headers.items() if k not in NEVER_THE_SAME}
    return answer.status_code, headers, body


SENT = {
    "scored": (PATH, {"cases": [case(TASK, 1)]}, JSON),
    "several": (PATH, {"cases": [case(TASK, 1), case(TASK, 2)]}, JSON),
    "mixed": ("/v1/triage", {"cases": [{"task": TASK, "case": case(TASK, 1)}]}, JSON),
    "without a model": (
        "/v1/supplier_delay",
        {"cases": [EXAMPLES[SUPPLIER_DELAY.name]]},
        JSON,
    ),
    "a key that is none": (PATH, {"cases": [case(TASK, 1)]}, JSON | {"Idempotency-Key": "a b"}),
    "unknown field": (PATH, {"cases": [case(TASK, 1, colour="red")]}, JSON),
    "no reasons of that kind": (PATH, {"cases": [case(TASK, 1)], "explain": "some"}, JSON),
    "not JSON": (PATH, {"cases": []}, {"Content-Type": "text/plain"}),
    "too large": (PATH, {"cases": [case(TASK, 1)] * 100}, JSON),
    "known later": (PATH, {"cases": [EXAMPLES[TASK] | {"asked_at": None}]}, JSON),
}


@pytest.mark.parametrize("what", SENT)
def test_both_ways_answer_alike(engine, what):
    path, body, headers = SENT[what]
    own, past = (
        told(client.post(path, content=json.dumps(body), headers=headers))
        for client in ways(engine)
    )
    assert own == past
    assert past[0] != 299


@pytest.mark.parametrize("gate", ["none", "shut"])
def test_both_ways_let_in_the_same(engine, gate):
    limits = RateLimiter(AuthSettings())
    shut = None if gate == "none" else Authenticator(None, None, limits, now)
    own, past = (told(one.post(PATH, json={"cases": []})) for one in ways(engine, shut))
    assert own == past
    assert past[0] == (503 if gate == "none" else 401)


def test_both_ways_count_the_same(engine):
    class Known:
        def caller(self, *_):
            return Caller("one", frozenset(AccessScope), None)

    limits = RateLimiter(AuthSettings(requests_per_minute=2, requests_per_second=1000))
    gate = Authenticator(Known(), None, limits, now)
    own, past = ways(engine, gate)
    shown = {"Authorization": "Bearer tk_one"}
    seen = [one.post(PATH, json={"cases": []}, headers=shown) for one in (own, past, past)]
    assert [one.status_code for one in seen] == [422, 422, 429]
    assert [one.headers["ratelimit"].split(";t=")[0] for one in seen] == [
        '"minute";r=1',
        '"minute";r=0',
        '"minute";r=0',
    ]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", PATH), ("POST", f"{PATH}/"), ("POST", "/v1/nothing")]
)
def test_what_is_no_scoring_request_is_passed_on(engine, method, path):
    _, past = ways(engine)
    assert past.request(method, path).status_code == 299


def test_a_request_that_takes_too_long_is_told_so_and_worked_on_to_the_end(engine):
    go_on, done = threading.Event(), threading.Event()

    def slow(questions):
        assert go_on.wait(30)
        done.set()
        return [ZeroDivisionError() for _ in questions]

    app = create_app(CATALOGUE)
    app.state.gate, app.state.engine, app.state.max_body_bytes = ANYBODY, engine, 20_000
    app.state.scoring = MicroBatcher(slow)
    client = TestClient(ScoringRoute(InFlightTracker(app), others(), seconds=0.05))
    answer = client.post(PATH, json={"cases": [case(TASK, 1)]})
    assert (answer.status_code, answer.json()["type"]) == (504, "/problems/timed-out")
    assert int(answer.headers["retry-after"]) > 0
    assert not done.is_set()
    go_on.set()
    app.state.scoring.close(30)
    assert done.is_set()


def test_a_failure_gives_nothing_away(engine, caplog):
    app = create_app(CATALOGUE)
    app.state.gate, app.state.engine, app.state.max_body_bytes = ANYBODY, engine, 20_000
    app.state.scoring = MicroBatcher(lambda questions: [ValueError("secret") for _ in questions])
    answer = TestClient(ScoringRoute(InFlightTracker(app), others(), 30)).post(
        PATH, json={"cases": []}
    )
    assert (answer.status_code, answer.json()["detail"]) == (500, "the service failed: ValueError")
    assert answer.json()["trace_id"] in caplog.text


def test_requests_that_come_together_are_answered_each_by_its_own(engine):
    """Twenty at once, every fifth of which cannot be read."""
    app = create_app(CATALOGUE)
    app.state.gate, app.state.engine, app.state.max_body_bytes = ANYBODY, engine, 20_000
    client = TestClient(ScoringRoute(InFlightTracker(app), others(), 30))
    bodies = [{"cases": [case(TASK, i, on_hand="many" if i % 5 == 0 else 5.0)]} for i in range(20)]

    async def at_once():
        loop = asyncio.get_running_loop()
        return await asyncio.gather(
            *(loop.run_in_executor(None, lambda b=b: client.post(PATH, json=b)) for b in bodies)
        )

    for i, answer in enumerate(ended(at_once)):
        assert answer.status_code == (422 if i % 5 == 0 else 200)
        if answer.status_code == 200:
            (one,) = answer.json()["recommendations"]
            assert one["case"]["item_id"] == f"item_{i:04}"
            assert engine.read(one["id"])[0].sequence == one["audit_sequence"]
