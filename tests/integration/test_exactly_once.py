"""Exactly once for the caller: a real server with two workers, on both stores, also killed."""

import http.client
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Barrier, Event

import pytest
import sqlalchemy as sa

from models.tasks.stock_risk import STOCK_RISK
from serving.audit.factory import open_audit
from serving.audit.log.entry_kind import ANSWER_KINDS, EntryKind
from serving.runtime.settings import AuditSettings
from serving.server.supervisor import kill_process_tree, run_service
from tests.support.ports import free_port
from tests.support.postgres_schemas import temporary_schema
from tests.support.synthetic_lake import example_case, make_lake

pytestmark = pytest.mark.slow(20)

TASK = STOCK_RISK.name
PATH = f"/v1/{TASK}"
CALLERS = 16
ENOUGH = 30


@dataclass
class Service:
    """A running service and where its record lies. schema: of PostgreSQL; "" on SQLite."""

    running: object
    lake: object
    url: str
    schema: str

    @contextmanager
    def record(self):
        store = open_audit(self.lake, AuditSettings(url=self.url))
        yield store
        store.close()

    def entries(self):
        with self.record() as store:
            return store.all()


@dataclass(frozen=True)
class Got:
    """An answer as it came over the wire."""

    status: int
    headers: dict
    content: bytes

    @property
    def said(self):
        return json.loads(self.content)


def ask(service, path, body=None, key=None):
    host, port = service.running.address.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    headers = {} if body is None else {"Content-Type": "application/json"}
    headers |= {} if key is None else {"Idempotency-Key": key}
    method = "GET" if body is None else "POST"
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    got = Got(answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read())
    connection.close()
    return got


def until_answered(service, path, body, key):
    """As a caller does who is told that the same is being worked on."""
    while (got := ask(service, path, body, key)).status == 409:
        assert int(got.headers["retry-after"]) > 0
    return got


@contextmanager
def served(lake, url, schema="", workers="2"):
    with pytest.MonkeyPatch.context() as during:
        during.setenv("TRIAGE_AUDIT_URL", url)
        during.setenv("TRIAGE_WORKERS", workers)
        with run_service(lake, port=free_port(), log=lake.home / "service.log") as running:
            yield Service(running, lake, url, schema)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return make_lake(tmp_path_factory.mktemp("lake"), (TASK,))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def service(request, lake, tmp_path_factory):
    """Two workers on one record."""
    if request.param == "sqlite":
        with served(lake, f"sqlite:///{tmp_path_factory.mktemp('audit') / 'audit.db'}") as started:
            yield started
        return
    server = request.getfixturevalue("postgres_server")
    with temporary_schema(server) as (url, schema), served(lake, url, schema) as started:
        yield started


def at_once(callers, ask_of):
    """What each of so many callers gets who start in the same moment."""
    start = Barrier(callers)

    def call(number):
        start.wait(30)
        return ask_of(number)

    with ThreadPoolExecutor(callers) as pool:
        return list(pool.map(call, range(callers)))


def test_sixteen_callers_with_one_key_get_one_recommendation(service):
    body, key = {"cases": [example_case(TASK, 1), example_case(TASK, 2)]}, str(uuid.uuid4())
    got = at_once(CALLERS, lambda _: until_answered(service, PATH, body, key))
    assert {one.status for one in got} == {200}
    assert len({one.content for one in got}) == 1
    assert sum("idempotency-replayed" not in one.headers for one in got) == 1
    with service.record() as store:
        made = [e for e in store.answers() if e.payload["context"]["idempotency_key"] == key]
    assert [e.id for e in made] == [r["id"] for r in got[0].said["recommendations"]]
    refused = ask(service, PATH, {"cases": [example_case(TASK, 3)]}, key)
    assert (refused.status, refused.headers["content-type"]) == (422, "application/problem+json")


def test_a_thousand_cases_are_answered_again_to_the_byte(service):
    body, key = {"cases": [example_case(TASK, number) for number in range(1000)]}, str(uuid.uuid4())
    first = until_answered(service, PATH, body, key)
    before = len(service.entries())
    again = ask(service, PATH, body, key)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    later = [e for e in service.entries()[before:] if e.kind is not EntryKind.CHECKPOINT]
    assert later == []


def test_a_concurrent_second_decision_is_told_the_first(service):
    (answer,) = ask(service, PATH, {"cases": [example_case(TASK, 4)]}).said["recommendations"]
    path = f"/v1/recommendations/{answer['id']}/decision"
    roles = ["planner", "buyer"]

    def decide(number):
        return ask(service, path, {"action": "followed", "role": roles[number]}, str(uuid.uuid4()))

    got = at_once(2, decide)
    assert sorted(one.status for one in got) == [201, 409]
    won = next(number for number, one in enumerate(got) if one.status == 201)
    assert f"followed by {roles[won]}" in got[1 - won].said["detail"]
    with service.record() as store:
        (entry,) = store.decisions(answer["id"])
    assert entry.payload["role"] == roles[won]
    assert entry.sequence == got[won].said["audit_sequence"]


def test_workers_append_to_one_sequence_without_gaps(service):
    def call(number):
        body = {"cases": [example_case(TASK, 100 + number), example_case(TASK, 200 + number)]}
        return ask(service, PATH, body, str(uuid.uuid4())).said

    given = [r for answer in at_once(CALLERS, call) for r in answer["recommendations"]]
    entries = service.entries()
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
    assert len({r["audit_sequence"] for r in given}) == 2 * CALLERS
    started = [e for e in entries if e.kind is EntryKind.SERVICE_STARTED]
    assert len({e.payload["process"] for e in started}) == 2
    assert len([e for e in entries if e.kind is EntryKind.POLICY_CHANGED]) == 1


def test_an_answer_carries_the_signed_state_that_holds_it(service):
    answer = ask(service, PATH, {"cases": [example_case(TASK, 5)]}).said
    (given,) = answer["recommendations"]
    with service.record() as store:
        origin = store.head().origin
    name, size, *_ = answer["checkpoint"].split("\n")
    assert name == origin
    assert int(size) >= given["audit_sequence"]
    now = ask(service, "/v1/audit/checkpoint")
    assert (now.status, now.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert ask(service, "/v1/audit/key").content.decode().startswith(f"{origin}+")
    proof = ask(service, f"/v1/recommendations/{given['id']}/proof").said
    assert proof["hash"] == given["audit_hash"]
    assert proof["payload"]["recommendation"]["id"] == given["id"]


def test_a_record_that_was_away_is_used_again_when_it_is_back(service, request):
    """Its tables are out of reach for a while, as they are when a database is moved."""
    body, key = {"cases": [example_case(TASK, 6)]}, str(uuid.uuid4())
    with away(service, request):
        refused = ask(service, PATH, body, key)
        assert (refused.status, refused.headers["content-type"]) == (
            503,
            "application/problem+json",
        )
        assert int(refused.headers["retry-after"]) > 0
        ready = ask(service, "/readyz")
        assert ready.status == 503
        assert "record: " in ready.said["detail"]
    assert until_answered(service, PATH, body, key).status == 200
    assert "record: " not in ask(service, "/readyz").content.decode()


@contextmanager
def away(service, request):
    if service.schema:
        server = request.getfixturevalue("postgres_server")
        engine = sa.create_engine(server.set(drivername="postgresql+psycopg"))
        there, hidden = f"{service.schema}", f"{service.schema}_away"
    else:
        engine = sa.create_engine(service.url)
        there, hidden = "head", "head_away"
    what = "SCHEMA" if service.schema else "TABLE"
    for old, new in ((there, hidden), (hidden, there)):
        with engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER {what} {old} RENAME TO {new}")
        if new == hidden:
            yield
    engine.dispose()


def test_after_a_kill_every_request_sent_again_is_answered_once(lake, tmp_path):
    """Callers send until the service is killed, and then send all of it again."""
    url = f"sqlite:///{tmp_path / 'audit.db'}"
    bodies = {str(uuid.uuid4()): {"cases": [example_case(TASK, number)]} for number in range(150)}
    answered, enough = {}, Event()
    with served(lake, url, workers="1") as service, ThreadPoolExecutor(8) as pool:

        def call(key):
            try:
                answered[key] = ask(service, PATH, bodies[key], key).content
            except (OSError, http.client.HTTPException):
                return
            if len(answered) > ENOUGH:
                enough.set()

        sent = [pool.submit(call, key) for key in bodies]
        assert enough.wait(60)
        kill_process_tree(service.running.process)
        for one in sent:
            one.result()
    assert ENOUGH < len(answered) < len(bodies)
    with served(lake, url, workers="1") as service, ThreadPoolExecutor(8) as pool:
        got = pool.map(lambda key: until_answered(service, PATH, bodies[key], key), bodies)
        again = dict(zip(bodies, got, strict=True))
        entries = service.entries()
    assert {got.status for got in again.values()} == {200}
    assert {key: again[key].content for key in answered} == answered
    keys = [e.payload["context"]["idempotency_key"] for e in entries if e.kind in ANSWER_KINDS]
    assert sorted(keys) == sorted(bodies)
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
