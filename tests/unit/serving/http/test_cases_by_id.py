"""Cases given by their id alone: what the lake knows completes them, what it does not is named."""

from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from serving.auth.caller import Caller
from serving.http.app import create_app
from serving.http.cases_by_id import complete_cases_by_id
from serving.http.problems import Problem
from serving.pipeline.engine import load_engine
from serving.runtime.settings import ServiceSettings
from tests.support.open_access import ALLOW_EVERY_CALLER
from tests.support.synthetic_lake import example_case, make_lake
from tests.support.synthetic_recommendations import CATALOGUE

pytestmark = pytest.mark.slow(4)

NOW = datetime(2026, 3, 11, 8, tzinfo=UTC)
STOCK, INVOICE = STOCK_RISK.name, INVOICE_MISMATCH.name
ID = {"site_id": "site_03", "item_id": "item_0001"}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    lake = make_lake(tmp_path_factory.mktemp("lake"), (STOCK, INVOICE))
    engine = load_engine(ServiceSettings(home=lake.home), lambda: NOW)
    app = create_app(CATALOGUE)
    state = app.state
    state.authenticator, state.engine, state.max_body_bytes = ALLOW_EVERY_CALLER, engine, 10**7
    yield TestClient(app, raise_server_exceptions=False)
    engine.audit.close()


def ask(client, task, *cases):
    return client.post(f"/v1/{task}", json={"cases": list(cases)})


def figures(answered):
    (given,) = answered.json()["recommendations"]
    return given["case"], given["probability"], given["sentence"], given["asked_at"]


def test_an_open_case_is_answered_by_its_id_as_if_it_had_been_sent(client):
    whole = ask(client, STOCK, example_case(STOCK, 1))
    by_id = ask(client, STOCK, ID)
    assert by_id.status_code == 200, by_id.text
    assert figures(by_id) == figures(whole)


def test_the_moment_asked_about_may_be_stated_with_the_id(client):
    later = "2026-03-10T09:30:00Z"
    assert figures(ask(client, STOCK, ID | {"asked_at": later}))[3] == later


def test_whole_cases_and_ids_go_in_one_request_in_their_order(client):
    answered = ask(client, INVOICE, example_case(INVOICE, 7), {"invoice_line_id": "inv-00002"})
    names = [one["case"]["invoice_line_id"] for one in answered.json()["recommendations"]]
    assert names == ["inv-00007", "inv-00002"]


def test_an_id_that_is_not_open_is_named_and_nothing_is_answered(client):
    refused = ask(client, STOCK, ID, ID | {"item_id": "item_9999"})
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert (error["field"], error["got"]) == ("cases[1]", '"site_03/item_9999"')
    assert error["takes"] == "the id of an open case of the lake, or the whole case"


@pytest.mark.parametrize(
    "case",
    [ID | {"on_hand": "many"}, {"site_id": "site_03"}, ID | {"item_id": 7}, ID | {"other": 1}],
    ids=["a wrong field", "half an id", "not a text", "an unknown field"],
)
def test_what_is_more_or_less_than_an_id_is_refused_as_a_case(client, case):
    refused = ask(client, STOCK, case)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"].startswith("cases[0].")


def test_a_case_of_a_site_that_the_caller_may_not_see_is_unknown():
    body = b'{"cases": [{"po_line_id": "p"}]}'
    caller = Caller("wms", frozenset(), frozenset({"S02"}))
    with pytest.raises(Problem, match="not known"):
        complete_cases_by_id(body, ("po_line_id",), caller, lambda _: '{"site_id": "S01"}')
    assert complete_cases_by_id(body, ("po_line_id",), caller, lambda _: '{"site_id": "S02"}')
