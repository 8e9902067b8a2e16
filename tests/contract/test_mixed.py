"""Cases of several tasks in one request, and what stands behind the answers."""

import json

import pytest
from starlette.testclient import TestClient

from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.recommendation.fallback_ladder import Rung
from tests.support.synthetic_lake import example_case

STOCK, INVOICE, DELAY = STOCK_RISK.name, INVOICE_MISMATCH.name, SUPPLIER_DELAY.name
MIXED = [
    {"task": str(task), "case": example_case(task, number)}
    for number, task in enumerate([DELAY, STOCK, INVOICE, STOCK, DELAY])
]


@pytest.fixture(scope="module")
def client(app):
    return TestClient(app, raise_server_exceptions=False)


def asked(client, cases, **headers):
    return client.post("/v1/triage", json={"cases": cases}, headers=headers)


def test_cases_are_answered_in_their_order_and_ranked_in_one(client):
    answer = asked(client, MIXED)
    assert answer.status_code == 200
    given = answer.json()["recommendations"]
    assert [one["task"] for one in given] == [one["task"] for one in MIXED]
    priority = {one["id"]: one["priority"] for one in given}
    ranked = answer.json()["ranking"]
    assert sorted(ranked) == sorted(priority)
    assert [priority[one] for one in ranked] == sorted(priority.values(), reverse=True)


def test_a_case_is_scored_as_at_the_address_of_its_task(client):
    mixed = asked(client, MIXED).json()["recommendations"]
    for sent, given in zip(MIXED, mixed, strict=True):
        (own,) = client.post(f"/v1/{sent['task']}", json={"cases": [sent["case"]]}).json()[
            "recommendations"
        ]
        assert (given["probabilities"], given["case"]) == (own["probabilities"], own["case"])


def test_the_same_request_with_its_key_gets_the_same_bytes(client):
    key = {"idempotency-key": "mixed-1"}
    first, again = asked(client, MIXED, **key), asked(client, MIXED, **key)
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"
    other = asked(client, MIXED[:1], **key)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/key-reused")


RECEIPT = example_case(STOCK, 1)["scheduled_receipts"][0]
TASKS = "one of stock_risk, invoice_mismatch, supplier_delay"


@pytest.mark.parametrize(
    ("wrong", "field", "takes"),
    [
        (
            {"task": "stock_risk", "case": example_case(STOCK, 1, on_hand="x")},
            "cases[1].case.on_hand",
            "a number from -1e+12 to 1e+12, in base units",
        ),
        (
            {"task": "stock_risk", "case": example_case(STOCK, 1, scheduled_receipts=[{}])},
            "cases[1].case.scheduled_receipts[0].known_at",
            "a date and time with a time zone, e.g. 2026-03-01T08:00:00Z (1970 to 2199)",
        ),
        (
            {
                "task": "stock_risk",
                "case": example_case(
                    STOCK,
                    1,
                    asked_at=None,
                    scheduled_receipts=[RECEIPT | {"known_at": "2199-01-01T00:00:00Z"}],
                ),
            },
            "cases[1].case.scheduled_receipts[0].known_at",
            "",
        ),
        ({"task": "paint", "case": {}}, "cases[1].task", TASKS),
        ({"case": {}}, "cases[1].task", TASKS),
        ({"task": "stock_risk"}, "cases[1].case", "a JSON object"),
        ({"task": "stock_risk", "case": 3}, "cases[1].case", "a JSON object"),
        (
            {"task": "stock_risk", "case": example_case(STOCK, 1), "x": 1},
            "cases[1].x",
            "no such field; there are task, case",
        ),
        (3, "cases[1]", "a JSON object"),
    ],
)
def test_an_error_names_the_field_where_it_was_sent(client, wrong, field, takes):
    answer = asked(client, [MIXED[0], wrong])
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert takes in error["takes"]


def test_nothing_of_a_request_is_recorded_if_one_case_cannot_be_read(app, client):
    before = app.state.engine.audit.head().frontier.size
    assert asked(client, [MIXED[0], {"task": "stock_risk", "case": {}}]).status_code == 422
    assert app.state.engine.audit.head().frontier.size == before


def test_the_models_that_answer_are_told(app, client):
    told = client.get("/v1/models").json()
    (given,) = client.post("/v1/stock_risk", json={"cases": [example_case(STOCK, 1)]}).json()[
        "recommendations"
    ]
    (stock,) = [one for one in told["models"] if one["task"] == STOCK]
    assert stock["rung"] == Rung.CHAMPION
    assert stock["champion"]["digest"] == given["model"]["digest"]
    assert stock["champion"]["version"] == given["model"]["version"]
    assert stock["champion"]["card"].startswith("# stock_risk")
    assert (stock["challenger"], stock["not_served"]) == (None, None)
    assert told["snapshot_id"] == given["snapshot_id"]


def test_the_policy_that_is_applied_is_told_whole(client):
    from serving.policy.policy import parse_policy

    told = client.get("/v1/policy").json()
    (given,) = client.post("/v1/stock_risk", json={"cases": [example_case(STOCK, 1)]}).json()[
        "recommendations"
    ]
    assert told["digest"] == given["policy"]["digest"] == parse_policy(told["policy"]).digest
    assert json.dumps(told["policy"])
