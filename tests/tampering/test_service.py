"""End to end: answers over HTTP, tampering with the file, and `triage audit verify`."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

import triage
from models.tasks.stock_risk import STOCK_RISK
from serving.audit.checkpointer import Checkpointer
from serving.audit.factory import open_checkpoint_mirror
from serving.http.app import create_app
from serving.pipeline.engine import load_engine
from serving.runtime.settings import ServiceSettings
from serving.tasks.catalogue import SERVED_TASKS
from tests.support.open_access import ALLOW_EVERY_CALLER
from tests.support.synthetic_lake import example_case, make_lake

TASK = STOCK_RISK.name
CASES = 5


def now():
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Return a lake and the answers of its service, all covered by a checkpoint."""
    lake = make_lake(tmp_path_factory.mktemp("lake"), (TASK,))
    app = create_app(SERVED_TASKS)
    app.state.authenticator = ALLOW_EVERY_CALLER
    engine = load_engine(ServiceSettings(home=lake.home), now)
    app.state.engine, app.state.max_body_bytes = engine, 10**7
    body = {"cases": [example_case(TASK, number) for number in range(CASES)]}
    answer = TestClient(app).post(f"/v1/{TASK}", json=body)
    assert answer.status_code == 200, answer.text
    Checkpointer(engine.audit, open_checkpoint_mirror(lake), 1, 1.0, now).write_now()
    engine.audit.close()
    return lake, answer.json()["recommendations"]


def verified(lake, monkeypatch):
    monkeypatch.setenv("TRIAGE_HOME", str(lake.home))
    return CliRunner().invoke(triage.app, ["audit", "verify"])


def test_a_tampered_answer_is_named_by_the_command(answers, monkeypatch):
    lake, recommendations = answers
    before = verified(lake, monkeypatch)
    assert before.exit_code == 0, before.output
    tampered = recommendations[2]["audit_sequence"]
    with closing(sqlite3.connect(lake.audit)) as db:
        names = db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            db.execute(f'DROP TRIGGER "{name}"')
        change = "UPDATE payloads SET body = replace(body, '\"level\":', '\"leveI\":')"
        assert db.execute(f"{change} WHERE sequence = ?", (tampered,)).rowcount == 1
        db.commit()
    after = verified(lake, monkeypatch)
    assert after.exit_code == 1, after.output
    assert f"✗ edited at payloads, entry {tampered}." in after.output
