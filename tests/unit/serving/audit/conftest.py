"""A service without models over either store: what it needs to show and decide what is on record."""

from dataclasses import dataclass

import pytest
from starlette.testclient import TestClient

from serving.http.app import create_app
from serving.pipeline.engine import Engine, load_engine
from serving.review.service import open_review_service
from serving.runtime.settings import ServiceSettings
from tests.support.audit_drafts import NOW, recommendation_recorded_at
from tests.support.open_access import ALLOW_EVERY_CALLER


@dataclass(frozen=True)
class Service:
    """An engine, and a client of its application."""

    engine: Engine
    client: TestClient

    @property
    def audit(self):
        return self.engine.audit

    def get(self, address):
        return self.client.get(address)

    def decide(self, identifier, **said):
        body = {"action": "followed", "role": "accounts payable"} | said
        return self.client.post(f"/v1/recommendations/{identifier}/decision", json=body)

    def kinds(self):
        return [str(entry.kind) for entry in self.audit.all()]


@pytest.fixture
def service(audit_url, tmp_path, monkeypatch):
    monkeypatch.setenv("TRIAGE_AUDIT_URL", audit_url)
    settings = ServiceSettings(home=tmp_path / "lake")
    engine = load_engine(settings, lambda: NOW)
    engine.audit.append(
        [recommendation_recorded_at(1), recommendation_recorded_at(2, invoice_line_id="inv-2")]
    )
    app = create_app(engine.tasks)
    app.state.authenticator = ALLOW_EVERY_CALLER
    app.state.engine, app.state.max_body_bytes = engine, 2**20
    app.state.review = open_review_service(engine, settings.lake)
    yield Service(engine, TestClient(app, raise_server_exceptions=False))
    engine.audit.close()
