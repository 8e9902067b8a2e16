"""The application without a server, on a lake of its own, with every caller allowed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI
from starlette.testclient import TestClient

from models.catalogue import TASKS
from serving.http.app import create_app
from serving.pipeline.engine import load_engine
from serving.review.service import open_review_service
from serving.runtime.settings import ServiceSettings
from serving.tasks.catalogue import SERVED_TASKS
from tests.support.open_access import ALLOW_EVERY_CALLER
from tests.support.synthetic_lake import example_case, make_lake

MOST_BYTES = 10 * 2**20


@contextmanager
def service(home: Path) -> Iterator[FastAPI]:
    """Run the application over a new lake in a folder, with all three models."""
    make_lake(home)
    settings = ServiceSettings(home=home)
    engine = load_engine(settings, lambda: datetime.now(UTC))
    app = create_app(SERVED_TASKS)
    app.state.max_body_bytes = MOST_BYTES
    app.state.authenticator = ALLOW_EVERY_CALLER
    app.state.engine, app.state.review = engine, open_review_service(engine, settings.lake)
    try:
        yield app
    finally:
        engine.audit.close()


def recommended(app: FastAPI) -> list[str]:
    """Request some recommendations and return their ids."""
    client = TestClient(app)
    cases = [{"task": str(name), "case": example_case(name, i)} for i in range(4) for name in TASKS]
    answer = client.post("/v1/triage", json={"cases": cases})
    return [one["id"] for one in answer.json()["recommendations"]]
