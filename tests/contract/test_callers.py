"""Scopes for mixed cases, models and policy: a caller needs the scope of each task."""

from dataclasses import dataclass

import pytest
from starlette.testclient import TestClient

from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from serving.auth.caller import AccessScope, Caller, scoring_scope
from tests.support.synthetic_lake import example_case

STOCK, INVOICE = STOCK_RISK.name, INVOICE_MISMATCH.name
MIXED = {
    "cases": [
        {"task": "stock_risk", "case": example_case(STOCK, 1)},
        {"task": "invoice_mismatch", "case": example_case(INVOICE, 1)},
    ]
}
BOTH = {scoring_scope(STOCK), scoring_scope(INVOICE)}


@dataclass
class SingleCallerAuthenticator:
    """Authenticate every request as one caller."""

    who: Caller

    async def caller(self, shown):
        return self.who

    def is_limited(self, caller):
        return False


@pytest.fixture
def client_of(app):
    before = app.state.authenticator

    def client(scopes, sites=None):
        app.state.authenticator = SingleCallerAuthenticator(
            Caller("key:1", frozenset(scopes), sites)
        )
        return TestClient(app, raise_server_exceptions=False)

    yield client
    app.state.authenticator = before


def recorded(app):
    return app.state.engine.audit.head().frontier.size


def test_every_task_of_a_mixed_request_takes_its_scope(app, client_of):
    before = recorded(app)
    refused = client_of({scoring_scope(STOCK)}).post("/v1/triage", json=MIXED)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forbidden")
    assert refused.json()["detail"] == "this takes the scope score:invoice_mismatch"
    assert recorded(app) == before
    assert client_of(BOTH).post("/v1/triage", json=MIXED).status_code == 200


def test_a_case_of_another_site_refuses_the_whole_and_names_its_field(app, client_of):
    other = {
        "cases": [
            *MIXED["cases"],
            MIXED["cases"][0] | {"case": example_case(STOCK, 2, site_id="S9")},
        ]
    }
    before = recorded(app)
    refused = client_of(BOTH, frozenset({"site_03"})).post("/v1/triage", json=other)
    assert refused.status_code == 403
    assert [e["field"] for e in refused.json()["errors"]] == ["cases[2].case.site_id"]
    assert "S9" not in refused.text
    assert recorded(app) == before


@pytest.mark.parametrize("path", ["/v1/models", "/v1/policy"])
def test_models_and_policy_are_for_callers_who_may_read_reports(client_of, path):
    assert client_of({AccessScope.DECIDE}).get(path).status_code == 403
    assert client_of({AccessScope.READ_REPORT}).get(path).status_code == 200


def test_every_address_asks_for_what_the_contract_says(app, client_of):
    client, asked = client_of(set()), 0
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            if not any(scopes for one in operation["security"] for scopes in one.values()):
                continue
            url, body = path.replace("{identifier}", "x"), {} if method == "post" else None
            answer = client.request(method, url, json=body)
            assert answer.status_code == 403, (method, path, answer.status_code)
            asked += 1
    assert asked > 10
