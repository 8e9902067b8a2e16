"""Reasons with the answer, or when somebody asks: the same ones, and replayed from the record."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from models.catalogue import TASKS
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from serving.audit.log.canonical_json import canonicalize
from serving.http.app import create_app
from serving.pipeline.batch import FromTheFutureError, ScoringRequest
from serving.pipeline.engine import load_engine
from serving.replay.replay import replay_entries
from serving.replay.sources import open_replay_sources
from serving.review.service import open_review_service
from serving.runtime.context import service_context
from serving.runtime.settings import ServiceSettings
from serving.tasks.messages import Explain
from tests.support.open_access import ALLOW_EVERY_CALLER
from tests.support.synthetic_lake import example_case, make_lake
from tests.support.synthetic_recommendations import CATALOGUE, example_message

pytestmark = pytest.mark.slow(4)

NAMES = tuple(TASKS)

NOW = datetime(2026, 3, 11, 8, tzinfo=UTC)
REASONS = ("reason_groups", "reasons", "missing")


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return make_lake(tmp_path_factory.mktemp("lake"), NAMES)


@pytest.fixture(scope="module")
def engine(lake):
    started = load_engine(ServiceSettings(home=lake.home), lambda: NOW)
    yield started
    started.audit.close()


@pytest.fixture(scope="module")
def client(engine, lake):
    app = create_app(CATALOGUE)
    app.state.authenticator, app.state.engine, app.state.max_body_bytes = (
        ALLOW_EVERY_CALLER,
        engine,
        10**7,
    )
    app.state.review = open_review_service(engine, lake)
    return TestClient(app, raise_server_exceptions=False)


def scored(client, task, number, explain=None, **headers):
    body = {"cases": [example_case(task, number)]} | (
        {} if explain is None else {"explain": explain}
    )
    answer = client.post(f"/v1/{task}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["recommendations"][0]


def but_reasons(one):
    """Return an answer without its reasons and its position in the record."""
    own = {"id", "audit_sequence", "audit_hash", "report", "explained", *REASONS}
    return {name: value for name, value in one.items() if name not in own}


@pytest.mark.parametrize("task", TASKS)
def test_reasons_change_nothing_else_of_an_answer(client, task):
    with_them, without = scored(client, task, 3), scored(client, task, 3, "none")
    assert (with_them["explained"], without["explained"]) == (True, False)
    assert all(without[name] == [] for name in REASONS)
    assert with_them["reasons"]
    assert but_reasons(with_them) == but_reasons(without)


@pytest.mark.parametrize("task", TASKS)
def test_reasons_asked_for_later_are_those_that_would_have_been_given(client, engine, task):
    given, bare = scored(client, task, 4), scored(client, task, 4, "none")
    later = client.get(f"/v1/recommendations/{bare['id']}/reasons").json()
    at_once = client.get(f"/v1/recommendations/{given['id']}/reasons").json()
    assert {name: later[name] for name in REASONS} == {name: given[name] for name in REASONS}
    assert later | {"recommendation_id": ""} == at_once | {"recommendation_id": ""}
    total = later["base"]
    for fact in later["facts"]:
        total += fact["contribution"]
    assert total == later["probability"] == given["probability"]
    features = engine.read(given["id"])[0].payload["features"]
    assert {fact["feature"]: fact["value"] for fact in later["facts"]} == features
    assert all(fact["sentence"] and fact["theme"] for fact in later["facts"])


def test_a_report_of_an_answer_without_reasons_computes_and_says_so(client):
    given, bare = scored(client, NAMES[0], 5), scored(client, NAMES[0], 5, "none")
    pages = [client.get(f"/v1/recommendations/{one['id']}/report").text for one in (given, bare)]
    assert "Computed for this page from the record" not in pages[0]
    assert "Computed for this page from the record" in pages[1]
    for group in given["reason_groups"]:
        said = group["sentence"].split(": ", 1)[-1].split(";")[0].split(".")[0]
        assert all(said[1:20] in page for page in pages)


@pytest.mark.parametrize("explain", list(Explain))
def test_answers_are_replayed_with_the_reasons_they_had(client, engine, lake, explain):
    given = scored(client, INVOICE_MISMATCH.name, 6, str(explain))
    entry, _ = engine.read(given["id"])
    (outcome,) = replay_entries([entry], open_replay_sources(lake, engine.audit))
    assert (outcome.difference, outcome.obstacle) == (None, None)
    assert (entry.payload["score"]["steps"] is None) == (not given["explained"])


def test_reasons_can_be_limited_to_flagged_cases(client):
    answers = [scored(client, STOCK_RISK.name, i, "flagged") for i in range(40)]
    looked_at = {one["flagged"] or one["audit_sample"] for one in answers}
    assert looked_at == {True, False}
    assert all(one["explained"] == (one["flagged"] or one["audit_sample"]) for one in answers)


def test_another_wish_for_reasons_is_refused_with_the_choices(client):
    body = {"cases": [example_case(NAMES[0], 1)], "explain": "some"}
    answer = client.post(f"/v1/{NAMES[0]}", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "explain", "got": '"some"', "takes": "one of all, flagged, none"}
    ]


def test_no_reasons_are_told_of_what_no_model_scored(client, engine):
    sent = example_case(NAMES[0], 7)
    live = engine.models.current
    engine.models.swap(type(live)({}, {}, None))
    try:
        given = client.post(f"/v1/{NAMES[0]}", json={"cases": [sent]}).json()["recommendations"][0]
    finally:
        engine.models.swap(live)
    answer = client.get(f"/v1/recommendations/{given['id']}/reasons")
    assert answer.status_code == 409
    assert "no model scored the case" in answer.json()["detail"]


def test_answers_made_together_are_those_made_alone_to_the_last_bit(engine):
    """Of every task, explained or not: the same record but for names, places and moments."""
    wishes = list(Explain)
    asks = [
        ScoringRequest(
            [(task, example_message(task, **example_case(task, 20 + i)))],
            service_context(engine.code),
            explain=wishes[i % len(wishes)],
        )
        for i in range(6)
        for task in TASKS
    ]
    together = [answer.recommendations[0] for answer in engine.answer_requests(asks)]
    alone = [engine.answer_request(ask).recommendations[0] for ask in asks]
    parts = ("input", "history", "features", "score")
    for one, other in zip(together, alone, strict=True):
        (entry, advice), (again, other_advice) = engine.read(one.id), engine.read(other.id)
        for part in parts:
            assert canonicalize(entry.payload[part]) == canonicalize(again.payload[part])
        assert advice.model_copy(update={"id": ""}) == other_advice.model_copy(update={"id": ""})


def test_a_refused_request_fails_no_other(engine):
    future = example_message(STOCK_RISK.name, asked_at=None)
    known = [
        row.model_copy(update={"known_at": NOW.replace(year=2030)})
        for row in future.scheduled_receipts
    ]
    assert known, "the example has a child that can be known too late"
    late = future.model_copy(update={"scheduled_receipts": known})
    good = example_message(STOCK_RISK.name, **example_case(STOCK_RISK.name, 30))
    asks = [
        ScoringRequest([(STOCK_RISK.name, one)], service_context(engine.code))
        for one in (good, late, good)
    ]
    before = engine.audit.head().frontier.size
    first, refused, third = engine.answer_requests(asks)
    assert type(refused).__name__ == "FromTheFutureError"
    assert [len(one.recommendations) for one in (first, third)] == [1, 1]
    assert engine.audit.head().frontier.size == before + 2


@pytest.mark.parametrize("asked_at", [None, NOW - timedelta(hours=1)], ids=["now", "then"])
@pytest.mark.parametrize(("seconds", "read"), [(600, True), (601, False)])
def test_what_a_case_knows_may_be_dated_ahead_as_far_as_the_policy_lets_events(
    engine, asked_at, seconds, read
):
    example = example_message(STOCK_RISK.name)
    known = (asked_at or NOW) + timedelta(seconds=seconds)
    receipt = example.scheduled_receipts[0].model_copy(update={"known_at": known})
    changes = {"scheduled_receipts": [receipt], "asked_at": asked_at}
    case = example.model_copy(update=changes)
    request = ScoringRequest([(STOCK_RISK.name, case)], service_context(engine.code))
    (answer,) = engine.answer_requests([request])
    assert isinstance(answer, FromTheFutureError) is not read


def test_a_negative_zero_is_answered_at_once_as_it_is_read_back(client):
    sent = {"cases": [example_case(STOCK_RISK.name, 8, on_hand=-0.0, backordered=-0.0)]}
    text = json.dumps(sent)
    assert "-0.0" in text
    headers = {"Idempotency-Key": "zero", "Content-Type": "application/json"}
    first, again = (client.post("/v1/stock_risk", content=text, headers=headers) for _ in range(2))
    assert again.headers["idempotency-replayed"] == "true"
    assert first.content == again.content


def test_a_case_that_cannot_be_worked_on_fails_alone(engine):
    """A defect that one case brings to light is nobody else's 500."""
    task = STOCK_RISK.name
    served = engine.tasks[task]

    def rules(found, policy, at):
        if found["item_id"] == "item_0041":
            raise ZeroDivisionError
        return served.rules(found, policy, at)

    broken = replace(engine, tasks={**engine.tasks, task: replace(served, rules=rules)})
    asks = [
        ScoringRequest(
            [(task, example_message(task, **example_case(task, number)))],
            service_context(engine.code),
        )
        for number in (40, 41, 42)
    ]
    before = engine.audit.head().frontier.size
    first, failed, third = broken.answer_requests(asks)
    assert isinstance(failed, ZeroDivisionError)
    assert [one.recommendations[0].case["item_id"] for one in (first, third)] == [
        "item_0040",
        "item_0042",
    ]
    assert engine.audit.head().frontier.size == before + 2
