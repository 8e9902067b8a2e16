"""When the service says that it is ready, that something has to be mended, or that it is not."""

from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

from serving.api import probes
from serving.api.app import application
from serving.audit.store import AuditUnavailableError
from tests.synthetic_score import CATALOGUE


class Quiet:
    """An engine that could answer, with a record that fails as told."""

    champions = {"stock_risk": None}

    def __init__(self, error=None, missing=None):
        self.error, self.missing = error, missing or {}
        self.audit = self

    def check(self):
        if self.error:
            raise self.error

    def not_ready(self):
        return dict(self.missing)


def ready(engine, checkpoints=None):
    app = application(CATALOGUE)
    app.state.engine, app.state.checkpoints = engine, checkpoints
    return TestClient(app).get("/readyz")


def failing(seconds, now, monkeypatch):
    monkeypatch.setattr(probes.time, "monotonic", lambda: now)
    return SimpleNamespace(failing="disk is full", failing_since=now - seconds, every_seconds=60.0)


def test_a_service_that_can_answer_is_ready():
    answer = ready(Quiet(), SimpleNamespace(failing=""))
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")


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


def test_without_a_record_nothing_is_ready_and_every_reason_is_given():
    away = AuditUnavailableError("the audit cannot be written: disk is full")
    answer = ready(Quiet(away, {"stock_risk": "no model; train one"}))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["detail"] == (
        "stock_risk: no model; train one; record: the audit cannot be written: disk is full"
    )
