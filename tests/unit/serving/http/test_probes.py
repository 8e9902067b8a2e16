"""Readiness of the service: ready, degraded or not ready."""

from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

from serving.audit.log.errors import AuditUnavailableError
from serving.http import operations_routes
from serving.http.app import create_app
from serving.runtime.circuit_breaker import CircuitBreaker
from tests.support.open_access import ALLOW_EVERY_CALLER
from tests.support.synthetic_recommendations import CATALOGUE


class Quiet:
    """An engine that could answer, with a record that fails as told."""

    breaker = None
    models = SimpleNamespace(current=SimpleNamespace(champions={"stock_risk": None}))

    def __init__(self, error=None, missing=None):
        self.error, self.missing = error, missing or {}
        self.audit = self

    def check(self):
        if self.error:
            raise self.error

    def degraded(self, sees=None):
        return dict(self.missing)


def ready(engine, checkpoints=None, method="GET"):
    app = create_app(CATALOGUE)
    app.state.authenticator = ALLOW_EVERY_CALLER
    app.state.engine, app.state.checkpoints = engine, checkpoints
    return TestClient(app).request(method, "/readyz")


def failing(seconds, now, monkeypatch):
    monkeypatch.setattr(operations_routes.time, "monotonic", lambda: now)
    return SimpleNamespace(failing="disk is full", failing_since=now - seconds, every_seconds=60.0)


def test_a_service_that_can_answer_is_ready():
    answer = ready(Quiet(), SimpleNamespace(failing=""))
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")


@pytest.mark.parametrize(("error", "status"), [(None, 200), ("the disk is full", 503)])
def test_a_load_balancer_may_ask_for_the_head_alone(error, status):
    engine = Quiet(error and AuditUnavailableError(error))
    assert ready(engine, method="HEAD").status_code == status


@pytest.mark.parametrize(("seconds", "status"), [(180.0, "ready"), (181.0, "degraded")])
def test_a_second_place_that_fails_for_three_periods_is_told_and_turns_nobody_away(
    seconds, status, monkeypatch
):
    answer = ready(Quiet(), failing(seconds, 1000.0, monkeypatch))
    assert (answer.status_code, answer.json()["status"]) == (200, status)
    if status == "degraded":
        assert answer.json()["reasons"] == {
            "checkpoints": "none could be written for 181 s: disk is full"
        }


def test_a_task_without_a_model_is_told_and_turns_nobody_away():
    answer = ready(Quiet(missing={"stock_risk": "no model; train one"}))
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["reasons"] == {"stock_risk": "no model; train one"}


def test_a_record_that_is_left_alone_is_told_with_the_state_of_its_breaker():
    quiet = Quiet(AuditUnavailableError("the audit cannot be written: away"))
    quiet.breaker = CircuitBreaker("the record", failures=1)
    quiet.breaker.fails()
    answer = ready(quiet)
    assert answer.status_code == 503
    assert answer.json()["detail"] == "record: the audit cannot be written: away (breaker open)"


def test_without_a_record_nothing_is_ready():
    away = AuditUnavailableError("the audit cannot be written: disk is full")
    answer = ready(Quiet(away, {"stock_risk": "no model; train one"}))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["detail"] == ("record: the audit cannot be written: disk is full")
