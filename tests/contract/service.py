"""The service without a server: a lake of its own, everything loaded, callers let in as local."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI
from starlette.testclient import TestClient

from models.task import TaskName
from serving.api.app import application
from serving.catalogue import served
from serving.engine import start
from serving.express import Express
from serving.front import Whole
from serving.settings import Settings
from tests.anybody import ANYBODY
from tests.synthetic_service import case, make_lake

MOST_BYTES = 10 * 2**20
SECONDS = 30


@contextmanager
def service(home: Path) -> Iterator[FastAPI]:
    """The application over a new lake in that folder, with all three models."""
    make_lake(home)
    engine = start(Settings(home=home), lambda: datetime.now(UTC))
    app = application(served())
    app.state.max_body_bytes = MOST_BYTES
    app.state.gate = ANYBODY
    app.state.engine = engine
    try:
        yield app
    finally:
        engine.audit.close()


def front(app: FastAPI) -> Express:
    """What requests come to: scoring requests pass by the application's own routes."""
    return Express(Whole(app), app, SECONDS)


def recommended(app: FastAPI) -> list[str]:
    """Ids of some recommendations, new ones."""
    client = TestClient(app)
    cases = [{"task": str(name), "case": case(name, i)} for i in range(4) for name in TaskName]
    answer = client.post("/v1/triage", json={"cases": cases})
    return [one["id"] for one in answer.json()["recommendations"]]
