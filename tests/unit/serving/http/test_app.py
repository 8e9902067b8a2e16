"""Answers of the application when the service cannot answer."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from models.catalogue import TASKS
from models.tasks.stock_risk import STOCK_RISK
from serving.audit.log.errors import AuditUnavailableError
from serving.http.app import create_app
from serving.http.openapi.schema import DECISION_PATH
from serving.pipeline.batch import CaseBatch, FromTheFutureError, ScoringRequest
from serving.pipeline.idempotency import IdempotencyGuard
from serving.runtime.context import service_context
from serving.telemetry.observer import NULL_OBSERVER
from tests.support.open_access import ALLOW_EVERY_CALLER
from tests.support.synthetic_recommendations import CATALOGUE, EXAMPLES


class Failing:
    """An engine that reads every case and then fails as told."""

    tasks = CATALOGUE
    code = "0.1.0+0123456789ab"
    idempotency = IdempotencyGuard(None)
    observer = NULL_OBSERVER

    def __init__(self, error):
        self.error = error

    def answer_requests(self, asks):
        return [self.error for _ in asks]


def posted(error):
    answer = client(error).post("/v1/stock_risk", json={"cases": [EXAMPLES[STOCK_RISK.name]]})
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()


def client(error=None):
    app = create_app(CATALOGUE)
    app.state.authenticator = ALLOW_EVERY_CALLER
    app.state.max_body_bytes = 10_000
    app.state.engine = error and Failing(error)
    return TestClient(app, raise_server_exceptions=False)


def test_nothing_is_answered_that_could_not_be_recorded():
    status, problem = posted(AuditUnavailableError("nothing was recorded: disk is full"))
    assert status == 503
    assert problem["detail"] == "nothing was recorded: disk is full"
    assert "recommendations" not in problem


@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (None, 503, "the service is still loading"),
        (ZeroDivisionError("secret of the inside"), 500, "the service failed: ZeroDivisionError"),
    ],
)
def test_a_failure_is_a_problem_that_gives_nothing_away(error, status, detail):
    got, problem = posted(error)
    assert (got, problem["detail"]) == (status, detail)


def test_a_case_that_is_asked_now_holds_nothing_known_later():
    case = EXAMPLES[STOCK_RISK.name] | {"asked_at": None}
    entry = CATALOGUE[STOCK_RISK.name]
    (read,) = entry.request.read(json.dumps({"cases": [case]}).encode())
    ask = ScoringRequest([(STOCK_RISK.name, read)], service_context("code"))
    known = datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert CaseBatch.from_request(entry, ask, known).asked_at == [known]
    with pytest.raises(FromTheFutureError) as refused:
        CaseBatch.from_request(
            entry, ask, known - timedelta(minutes=11), timedelta(minutes=10, seconds=59)
        )
    status, problem = posted(refused.value)
    (field,) = problem["errors"]
    assert status == 422
    assert field["field"] == "cases[0].scheduled_receipts[0].known_at"
    assert field["got"] == "2026-03-01T08:00:00+00:00"
    assert "2026-03-01T07:49:00+00:00; give asked_at" in field["takes"]


def test_another_method_is_told_which_one_the_address_takes():
    answer = client().get("/v1/stock_risk")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["detail"] == "GET is not for this address; it takes POST"


def test_when_to_ask_again_is_said_where_it_may_help():
    app = client(AuditUnavailableError("nothing was recorded: disk is full"))
    answer = app.post("/v1/stock_risk", json={"cases": [EXAMPLES[STOCK_RISK.name]]})
    assert int(answer.headers["retry-after"]) > 0
    assert "Idempotency-Key" in answer.json()["mend"]
    assert "retry-after" not in app.get("/nothing").headers


TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    ("path", "error"),
    [("/nothing", None), ("/v1/stock_risk", None), ("/v1/stock_risk", AuditUnavailableError("x"))],
)
def test_a_problem_names_the_trace_that_the_caller_began(path, error):
    answer = client(error).post(
        path,
        json={"cases": [EXAMPLES[STOCK_RISK.name]]},
        headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"},
    )
    assert answer.json()["trace_id"] == TRACE
    version, trace, _, _ = answer.headers["traceresponse"].split("-")
    assert (version, trace) == ("00", TRACE)


def test_without_a_trace_of_the_caller_body_and_header_name_the_same_new_one():
    answer = client().get("/nothing")
    assert answer.json()["trace_id"] == answer.headers["traceresponse"].split("-")[1]
    assert answer.json()["trace_id"] != client().get("/nothing").json()["trace_id"]


def test_the_documentation_tells_what_a_caller_who_asks_twice_needs():
    app = create_app(CATALOGUE)
    schema = app.openapi()
    for path in (*(f"/v1/{task}" for task in TASKS), DECISION_PATH):
        operation = schema["paths"][path]["post"]
        named = {one["name"] for one in operation["parameters"]}
        assert {"Idempotency-Key", "traceparent"} <= named
        assert {"400", "409", "410", "413", "415", "422", "503", "504"} <= set(
            operation["responses"]
        )
        for status in ("409", "503"):
            assert "Retry-After" in operation["responses"][status]["headers"]
    decided = schema["paths"][DECISION_PATH]["post"]["responses"]
    assert "Idempotency-Replayed" in decided["201"]["headers"]
    assert decided["409"]["description"].startswith("Something else was decided before")
    before = json.dumps(schema)
    assert json.dumps(app.openapi()) == before
