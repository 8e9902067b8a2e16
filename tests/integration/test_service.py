"""The service as callers meet it: a real server, real features, models of a few trees."""

import http.client
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from data.lake import Lake
from models.artefact.folder import load_artefact
from models.catalogue import TASKS
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.audit.log.entry import GENESIS_HASH
from serving.audit.log.errors import AuditUnavailableError
from serving.audit.log.store import AuditStore
from serving.server.supervisor import ServiceError, kill_process_tree, run_service
from tests.support.ports import free_port
from tests.support.synthetic_lake import example_case, make_lake

SERVED = (STOCK_RISK.name, INVOICE_MISMATCH.name)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """Two tasks are promoted; supplier_delay is not."""
    return make_lake(tmp_path_factory.mktemp("lake"), SERVED)


@pytest.fixture(scope="module")
def running(lake):
    with run_service(lake, port=free_port(), log=lake.home / "service.log") as started:
        yield started


def ask(running, method, path, body=None, kind="application/json"):
    """Status, content type and body of an answer."""
    host, port = running.address.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    headers = {} if body is None else {"Content-Type": kind}
    sent = json.dumps(body) if isinstance(body, dict) else body
    connection.request(method, path, sent, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    what = answer.headers.get_content_type()
    return answer.status, what, json.loads(content) if what.endswith("json") else content.decode()


def recorded(lake):
    store = AuditStore.open(lake.audit)
    entries = store.all()
    store.close()
    return entries


@pytest.mark.parametrize("task", SERVED)
def test_answer_record_and_artefact_agree_to_the_last_bit(running, lake, task):
    answers = running.recommend(task, [example_case(task, number) for number in range(900, 905)])
    entries = {entry.id: entry for entry in recorded(lake)}
    model = load_artefact(lake.models / task / answers[0]["model"]["digest"])
    for answer in answers:
        entry = entries[answer["id"]]
        payload = entry.payload
        assert (answer["audit_sequence"], answer["audit_hash"]) == (entry.sequence, entry.hash)
        assert answer["probability"] == payload["score"]["probability"]
        again = model.predict(frame(model, payload["features"]))
        classes = dict(zip(model.classes, again.probability[0].tolist(), strict=True))
        assert classes == answer["probabilities"]
        steps = payload["score"]["steps"]
        total = payload["score"]["base"]
        for _, contribution in steps:
            total += contribution
        assert total == answer["probability"]
        groups = sum(group["contribution"] for group in answer["reason_groups"])
        assert payload["score"]["base"] + groups == answer["probability"]


def frame(model, features):
    """Recorded feature values as the model reads them."""
    return pd.DataFrame(
        {
            spec.name: pd.Series([features[spec.name]], dtype=object)
            if spec.kind == "category"
            else np.array([features[spec.name]], dtype=np.float64)
            for spec in model.features
        }
    )


def test_a_recommendation_and_its_report_can_be_read_back(running):
    (answer,) = running.recommend(SERVED[0], [example_case(SERVED[0], 910)])
    assert answer["recommendation_only"] is True
    assert ask(running, "GET", f"/v1/recommendations/{answer['id']}") == (
        200,
        "application/json",
        answer,
    )
    status, kind, page = ask(running, "GET", answer["report"])
    assert (status, kind) == (200, "text/html")
    assert answer["audit_hash"] in page


def test_a_decision_is_recorded_and_takes_the_case_off_the_desk(running, lake):
    (answer,) = running.recommend(SERVED[0], [example_case(SERVED[0], 911, money_at_risk=1e9)])
    assert answer["id"] in ask(running, "GET", "/desk?task=stock_risk")[2]
    decision = {"action": "overridden", "role": "planner", "reason": "transfer is on its way"}
    path = f"/v1/recommendations/{answer['id']}/decision"
    status, _, made = ask(running, "POST", path, decision)
    assert status == 201
    assert answer["id"] not in ask(running, "GET", "/desk")[2]
    entry = recorded(lake)[made["audit_sequence"] - 1]
    assert entry.payload["recommendation_id"] == answer["id"]
    assert entry.payload["reason"] == decision["reason"]


def test_a_decision_is_taken_once_and_in_the_words_of_the_task(running):
    (answer,) = running.recommend(SERVED[1], [example_case(SERVED[1], 912)])
    path = f"/v1/recommendations/{answer['id']}/decision"
    decision = {"action": "followed", "role": "accounts payable", "resolved_as": "late"}
    status, _, problem = ask(running, "POST", path, decision)
    assert status == 422
    assert problem["errors"][0]["field"] == "resolved_as"
    assert "CREDIT_NOTE" in problem["errors"][0]["takes"]
    decision["resolved_as"] = "DUPLICATE"
    first, again = (ask(running, "POST", path, decision) for _ in range(2))
    assert (first[0], again[0]) == (201, 200)
    assert without_checkpoint(first[2]) == without_checkpoint(again[2])
    status, kind, problem = ask(running, "POST", path, decision | {"role": "controller"})
    assert (status, kind) == (409, "application/problem+json")
    assert "followed by accounts payable, resolved as DUPLICATE" in problem["detail"]


def without_checkpoint(decided):
    """A repetition is signed anew, and the record may have grown by then."""
    assert decided["checkpoint"]
    return {name: value for name, value in decided.items() if name != "checkpoint"}


def test_counterfactuals_are_served_by_address_and_on_the_report(running):
    low = example_case(SERVED[0], 913, on_hand=20.0, average_demand=18.0)
    (answer,) = running.recommend(SERVED[0], [low])
    address = f"/v1/recommendations/{answer['id']}/counterfactuals"
    status, kind, told = ask(running, "GET", address)
    assert (status, kind) == (200, "application/json")
    assert told["probability"] == answer["exception_probability"]
    _, _, page = ask(running, "GET", answer["report"])
    assert told["sentence"].split(". ")[0] in page
    status, kind, _ = ask(running, "GET", "/v1/recommendations/nobody/counterfactuals")
    assert (status, kind) == (404, "application/problem+json")


def test_a_task_without_a_champion_says_how_to_mend_it(running):
    body = {"cases": [example_case(SUPPLIER_DELAY.name, 1)]}
    status, kind, answer = ask(running, "POST", "/v1/supplier_delay", body)
    assert (status, kind) == (200, "application/json")
    (given,) = answer["recommendations"]
    assert given["rung"] in {"rules", "no_score"}
    why = given["rung_reasons"][0]
    assert why["code"] == "MODEL_MISSING"
    assert "No model of supplier_delay is in service" in why["sentence"]


def test_readiness_gives_reasons(running):
    status, _, told = ask(running, "GET", "/readyz")
    assert (status, told["status"]) == (200, "degraded")
    assert "no model of supplier_delay is promoted" in told["reasons"]["supplier_delay"]
    assert ask(running, "GET", "/livez")[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "status"),
    [
        ("POST", "/v1/stock_risk", '{"cases":[{}]}', "application/json", 422),
        ("POST", "/v1/stock_risk", '{"cases":[{}]}', "text/plain", 415),
        ("POST", "/v1/stock_risk", " " * (10 * 2**20 + 1), "application/json", 413),
        ("GET", "/v1/stock_risk", None, "", 405),
        ("GET", "/v1/recommendations/nobody", None, "", 404),
        ("GET", "/v1/recommendations/nobody/report", None, "", 404),
        ("POST", "/v1/recommendations/nobody/decision", "{}", "application/json", 404),
        ("GET", "/nothing", None, "", 404),
        ("GET", "/docs.json", None, "", 404),
    ],
)
def test_unanswerable_requests_get_problem_details(running, method, path, body, kind, status):
    got, content, problem = ask(running, method, path, body, kind)
    assert (got, content) == (status, "application/problem+json")
    assert problem["status"] == status
    assert problem["detail"]


def test_a_body_far_over_the_limit_is_refused_in_words_not_with_a_broken_connection(running):
    body = " " * (40 * 2**20)
    got, content, problem = ask(running, "POST", "/v1/stock_risk", body)
    assert (got, content) == (413, "application/problem+json")
    assert problem["mend"] == "send fewer cases at a time"


def test_the_documentation_is_complete_and_needs_no_network(running):
    _, _, schema = ask(running, "GET", "/openapi.json")
    assert schema["openapi"].startswith("3.1")
    names = schema["components"]["schemas"]
    for task in TASKS:
        body = schema["paths"][f"/v1/{task}"]["post"]["requestBody"]["content"]
        assert body["application/json"]["schema"]["$ref"].endswith(f"/{task}_request")
        assert names[f"{task}_case"]["additionalProperties"] is False
    status, _, page = ask(running, "GET", "/docs")
    assert status == 200
    assert "https://" not in page


def test_sixteen_callers_at_once_get_one_sequence_without_gaps(running, lake):
    def call(number):
        task = SERVED[number % 2]
        return running.recommend(
            task, [example_case(task, 1000 + number), example_case(task, 2000 + number)]
        )

    with ThreadPoolExecutor(16) as pool:
        answers = [answer for pair in pool.map(call, range(48)) for answer in pair]
    entries = recorded(lake)
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
    assert {answer["audit_sequence"] for answer in answers} <= {e.sequence for e in entries}
    assert len({answer["audit_sequence"] for answer in answers}) == 96


def test_a_thousand_cases_are_answered_in_order(running):
    cases = [example_case(SERVED[0], number) for number in range(1000)]
    answers = running.recommend(SERVED[0], cases)
    assert [a["case"]["item_id"] for a in answers] == [c["item_id"] for c in cases]
    first = answers[0]["audit_sequence"]
    assert [a["audit_sequence"] for a in answers] == list(range(first, first + 1000))


def test_answers_given_before_a_kill_are_on_record(lake):
    with run_service(lake, port=free_port(), log=lake.home / "killed.log") as running:
        answers = running.recommend(
            SERVED[0], [example_case(SERVED[0], 1), example_case(SERVED[0], 2)]
        )
        kill_process_tree(running.process)
    entries = {entry.id: entry for entry in recorded(lake)}
    assert {answer["id"] for answer in answers} <= set(entries)
    previous = GENESIS_HASH
    for entry in entries.values():
        assert (entry.previous, entry.hash) == (previous, entry.envelope.leaf())
        previous = entry.hash


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "::", "example.com", ""])
def test_a_host_that_others_can_reach_is_refused(lake, host):
    with pytest.raises(ServiceError, match="authentication is needed"), run_service(lake, host):
        pass


def test_a_port_that_is_taken_is_refused_before_anything_starts(running, lake):
    port = int(running.address.rsplit(":", 1)[1])
    with (
        pytest.raises(ServiceError, match=f"127.0.0.1:{port} is taken"),
        run_service(lake, port=port),
    ):
        pass


def test_a_record_that_is_damaged_is_named_before_anything_starts(tmp_path):
    Lake(tmp_path).make().audit.write_text("not a database, whatever its name says")
    with (
        pytest.raises(AuditUnavailableError, match=r"audit\.db cannot be opened: file is not"),
        run_service(Lake(tmp_path), port=free_port()),
    ):
        pass
