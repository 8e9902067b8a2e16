"""The companion tells what is recorded while the service runs, and only where it is asked to."""

from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

import triage
from data.lake import Lake
from serving.audit.factory import open_audit
from serving.server.background_workers import webhook_worker
from tests.support.audit_drafts import recommendation_recorded_at


@pytest.fixture
def engine(tmp_path, monkeypatch, clock, audit_url):
    monkeypatch.setenv("TRIAGE_HOME", str(tmp_path / "lake"))
    monkeypatch.setenv("TRIAGE_AUDIT_URL", audit_url)
    store = open_audit(Lake(tmp_path / "lake").make())
    yield SimpleNamespace(audit=store, clock=clock, address="https://triage")
    store.close()


@pytest.fixture
def asked(monkeypatch, receiver, secret_file):
    monkeypatch.setenv("TRIAGE_EVENTS_URL", receiver.url)
    monkeypatch.setenv("TRIAGE_EVENTS_SECRET_FILE", str(secret_file))
    monkeypatch.setenv("TRIAGE_EVENTS_POLL_SECONDS", "0.02")
    monkeypatch.setenv("TRIAGE_EVENTS_ATTEMPTS", "1")


def run(*words):
    done = CliRunner().invoke(triage.app, ["events", *words])
    return f"{done.output}{done.exception or ''}"


def test_without_an_address_nothing_is_told(engine):
    assert webhook_worker(None, engine) is None
    assert "TRIAGE_EVENTS_URL" in run("status")


@pytest.mark.usefixtures("asked")
def test_recorded_entries_are_sent_and_failed_deliveries_repeated(engine, receiver):
    work = webhook_worker(None, engine)
    receiver.answers = [(500, {})]
    work.start()
    engine.audit.append([recommendation_recorded_at(1), recommendation_recorded_at(2)])
    receiver.wait(lambda: len(receiver.ids) == 2)
    assert receiver.came[0]["source"] == f"/{engine.audit.head().origin}"
    work.stop(5)
    assert "1 dead letters" in run("status")
    assert "HTTP 500" in run("dead")
    assert "name one dead letter" in run("resend")
    assert "there is no dead letter 'x'" in run("resend", "x")
    assert "nothing is held up" in run("skip")
    assert "nothing is stopped" in run("resume")
    assert "1 to be sent again" in run("resend", recommendation_recorded_at(1).id)
    again = webhook_worker(None, engine)
    again.start()
    receiver.wait(lambda: len(receiver.ids) == 3)
    again.stop(5)
    assert receiver.ids[2] == receiver.ids[0] == recommendation_recorded_at(1).id
    assert "No dead letters" in run("dead")
