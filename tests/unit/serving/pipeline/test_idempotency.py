"""A request repeated with its key gets the same bytes and is recorded once."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from threading import Event, Thread

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.audit.log.group_commit import IdempotencyKey
from serving.audit.log.store import AuditStore
from serving.http.app import create_app
from serving.pipeline.engine import load_engine
from serving.pipeline.idempotency import (
    AnswerErasedError,
    IdempotencyGuard,
    InFlightError,
    KeyReusedError,
)
from serving.review.service import open_review_service
from serving.runtime.settings import ServiceSettings
from tests.support.open_access import ALLOW_EVERY_CALLER
from tests.support.synthetic_lake import example_case, make_lake
from tests.support.synthetic_recommendations import CATALOGUE, recommendation_draft

pytestmark = pytest.mark.slow(3)

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
SERVED = (STOCK_RISK.name, INVOICE_MISMATCH.name)
KEY = IdempotencyKey("local", "k-1", "score stock_risk", "ab" * 32)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return make_lake(tmp_path_factory.mktemp("lake"), SERVED)


@pytest.fixture(scope="module")
def engine(lake):
    started = load_engine(ServiceSettings(home=lake.home), lambda: NOW)
    yield started
    started.audit.close()


@pytest.fixture(scope="module")
def client(engine, lake):
    app = create_app(CATALOGUE)
    app.state.authenticator = ALLOW_EVERY_CALLER
    app.state.max_body_bytes = 10**7
    app.state.engine, app.state.review = engine, open_review_service(engine, lake)
    return TestClient(app, raise_server_exceptions=False)


def post(client, path, body, key=None):
    headers = {} if key is None else {"Idempotency-Key": key}
    headers["Content-Type"] = "application/json"
    return client.post(path, content=json.dumps(body), headers=headers)


def size(engine):
    return engine.audit.head().frontier.size


ODD = {"money_at_risk": -0.0, "asked_at": "2026-03-10T10:30:00.000001+02:00"}


@pytest.mark.parametrize("task", SERVED)
@pytest.mark.parametrize("count", [1, 40])
def test_a_repetition_is_the_same_to_the_byte_and_records_nothing(client, engine, task, count):
    body = {"cases": [example_case(task, number, **ODD) for number in range(count)]}
    first = post(client, f"/v1/{task}", body, f"{task}-{count}")
    before = size(engine)
    again = post(client, f"/v1/{task}", body, f"{task}-{count}")
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert size(engine) == before
    assert len(first.json()["recommendations"]) == count
    other = post(client, f"/v1/{task}", body, f"{task}-{count}-other")
    assert other.content != first.content
    assert size(engine) == before + count


def test_a_repeated_answer_equals_the_first_apart_from_the_checkpoint(client):
    answer = post(client, "/v1/invoice_mismatch", {"cases": [example_case(SERVED[1], 3, **ODD)]})
    (given,) = answer.json()["recommendations"]
    read = client.get(f"/v1/recommendations/{given['id']}")
    assert list(given["probabilities"]) == list(CATALOGUE[SERVED[1]].task.classes)
    assert answer.text.startswith(f'{{"recommendations":[{read.text}],"checkpoint":"')


def test_the_key_and_the_trace_are_on_record(client, engine):
    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = client.post(
        "/v1/stock_risk",
        json={"cases": [example_case(SERVED[0], 4)]},
        headers={"Idempotency-Key": '"on-record"', "traceparent": f"00-{trace}-{'1' * 16}-01"},
    )
    assert answer.headers["traceresponse"].split("-")[1] == trace
    (given,) = answer.json()["recommendations"]
    context = engine.audit.read(given["id"]).payload["context"]
    assert (context["trace_id"], context["idempotency_key"]) == (trace, "on-record")
    assert (context["caller"], context["code_version"]) == ("local", engine.code)


@pytest.mark.parametrize(
    ("path", "number", "was"),
    [
        ("/v1/stock_risk", 6, "another body"),
        ("/v1/invoice_mismatch", 5, "another operation (score stock_risk)"),
    ],
)
def test_a_key_is_for_one_request(client, engine, path, number, was):
    post(client, "/v1/stock_risk", {"cases": [example_case(SERVED[0], 5)]}, "one-request")
    before = size(engine)
    refused = post(client, path, {"cases": [example_case(SERVED[0], number)]}, "one-request")
    assert refused.status_code == 422
    assert f"used before with {was}" in refused.json()["detail"]
    assert size(engine) == before


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/stock_risk", {"cases": []}, 422),
        ("/v1/recommendations/nobody/decision", {"action": "followed", "role": "buyer"}, 404),
    ],
)
def test_a_failed_request_leaves_its_key_free(client, path, body, status):
    key = f"free-{status}"
    assert post(client, path, body, key).status_code == status
    good = {"cases": [example_case(SERVED[0], 7)]}
    assert post(client, "/v1/stock_risk", good, key).status_code == 200


def test_rules_only_answers_are_recorded_under_their_key_and_repeated(client, engine):
    body = {"cases": [example_case(SUPPLIER_DELAY.name, 1)]}
    first, again = (post(client, "/v1/supplier_delay", body, "no-model") for _ in range(2))
    assert (first.status_code, again.content) == (200, first.content)
    (given,) = first.json()["recommendations"]
    assert given["rung_reasons"][0]["code"] == "MODEL_MISSING"
    (entry,) = engine.audit.between(given["audit_sequence"], given["audit_sequence"])
    assert (entry.kind, entry.envelope.site) == ("fallback", "site_03")
    assert entry.payload["context"]["idempotency_key"] == "no-model"


def test_a_decision_sent_again_with_its_key_is_answered_as_the_first_time(client, engine):
    answer = post(client, "/v1/stock_risk", {"cases": [example_case(SERVED[0], 8)]}).json()
    path = f"/v1/recommendations/{answer['recommendations'][0]['id']}/decision"
    said = {"action": "overridden", "role": "planner", "reason": "a transfer is on its way"}
    first, again = (post(client, path, said, "decided") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert first.json()["checkpoint"].startswith(engine.audit.head().origin)
    without = post(client, path, said)
    assert without.status_code == 200
    assert without.json()["checkpoint"].split("\n")[1] == str(size(engine))
    assert post(client, path, said | {"role": "buyer"}, "decided").status_code == 422
    assert post(client, path, said | {"role": "buyer"}, "another").status_code == 409


def test_an_erased_answer_is_gone_and_not_computed_again(client, engine):
    body = {"cases": [example_case(SERVED[0], 9)]}
    answer = post(client, "/v1/stock_risk", body, "erased").json()
    sequence = answer["recommendations"][0]["audit_sequence"]
    with engine.audit.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM payloads WHERE sequence = :s"), {"s": sequence})
    before = size(engine)
    refused = post(client, "/v1/stock_risk", body, "erased")
    assert refused.status_code == 410
    assert size(engine) == before
    identifier = answer["recommendations"][0]["id"]
    assert client.get(f"/v1/recommendations/{identifier}").status_code == 410


@pytest.mark.parametrize("key", ["quoted", '"quoted"', ' "quoted" '])
def test_quotes_of_a_structured_field_are_not_part_of_the_key(client, engine, key):
    body = {"cases": [example_case(SERVED[0], 10)]}
    assert post(client, "/v1/stock_risk", body, key).status_code == 200
    assert engine.audit.request("local", "quoted") is not None
    assert engine.audit.request("local", '"quoted"') is None


@pytest.mark.parametrize("key", ["", '""', "two words", "k" * 256, "b\xe9ton".encode("latin-1")])
def test_a_key_that_is_none_is_refused_before_anything_is_done(client, engine, key):
    before = size(engine)
    refused = post(client, "/v1/stock_risk", {"cases": [example_case(SERVED[0], 11)]}, key)
    assert refused.status_code == 400
    assert "visible ASCII" in refused.json()["errors"][0]["takes"]
    assert size(engine) == before


def test_several_keys_are_refused(client):
    headers = [("Idempotency-Key", "one"), ("Idempotency-Key", "two")]
    headers.append(("Content-Type", "application/json"))
    refused = client.post("/v1/stock_risk", content="{}", headers=headers)
    assert (refused.status_code, refused.json()["errors"][0]["got"]) == (400, "2 of them")


@pytest.fixture
def audit(audit_url):
    store = AuditStore.open(audit_url)
    yield store
    store.close()


def commit(store, key=KEY):
    return store.commit(
        [recommendation_draft(STOCK_RISK.name, 1), recommendation_draft(STOCK_RISK.name, 2)], key
    )


def never():
    raise AssertionError("this was done twice")


def test_the_record_knows_what_a_key_led_to(audit):
    once = IdempotencyGuard(audit)
    first = once.run_once(KEY, lambda: commit(audit), never)
    again = once.run_once(KEY, never, lambda before: before)
    assert again == first
    assert [entry.sequence for entry in again.entries] == [1, 2]
    with pytest.raises(KeyReusedError, match="another body"):
        once.run_once(replace(KEY, body_digest="cd" * 32), never, never)
    with pytest.raises(KeyReusedError, match="another operation"):
        once.run_once(replace(KEY, operation="decide rec-1"), never, never)
    somebody = replace(KEY, caller="somebody else")
    assert once.stored(somebody) is None


def test_an_answer_committed_by_another_process_in_between_is_returned(audit):
    def late():
        IdempotencyGuard(audit).run_once(KEY, lambda: commit(audit), never)
        return audit.commit([recommendation_draft(STOCK_RISK.name, 3)], KEY)

    found = IdempotencyGuard(audit).run_once(KEY, late, lambda before: before)
    assert [entry.id for entry in found.entries] == ["rec-1", "rec-2"]
    assert [entry.id for entry in audit.all()] == ["rec-1", "rec-2"]


def test_another_body_that_another_process_took_the_key_for_is_refused(audit):
    def late():
        other = replace(KEY, body_digest="cd" * 32)
        IdempotencyGuard(audit).run_once(other, lambda: commit(audit, other), never)
        return audit.commit([recommendation_draft(STOCK_RISK.name, 3)], KEY)

    with pytest.raises(KeyReusedError):
        IdempotencyGuard(audit).run_once(KEY, late, never)


def test_a_request_in_progress_is_not_begun_again(audit):
    once, begun, go_on, ended = IdempotencyGuard(audit), Event(), Event(), []

    def slow():
        begun.set()
        assert go_on.wait(30)
        return commit(audit)

    worker = Thread(target=lambda: ended.append(once.run_once(KEY, slow, never)))
    worker.start()
    assert begun.wait(30)
    with pytest.raises(InFlightError):
        once.run_once(KEY, never, never)
    with pytest.raises(KeyReusedError):
        once.run_once(replace(KEY, body_digest="cd" * 32), never, never)
    go_on.set()
    worker.join(30)
    assert once.run_once(KEY, never, lambda before: before) == ended[0]


def test_a_failure_lets_go_of_the_key(audit):
    once = IdempotencyGuard(audit)
    with pytest.raises(ZeroDivisionError):
        once.run_once(KEY, lambda: 1 / 0, never)
    assert once.working == {}
    assert len(once.run_once(KEY, lambda: commit(audit), never).entries) == 2


def test_an_erased_part_makes_the_whole_answer_gone(audit):
    commit(audit)
    with audit.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM payloads WHERE sequence = 2"))
    with pytest.raises(AnswerErasedError):
        IdempotencyGuard(audit).run_once(KEY, never, never)
