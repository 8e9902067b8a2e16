"""A record, an outbox over it, and a receiver over real HTTP."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from serving.audit.log.store import AuditStore
from serving.events.dispatcher import Dispatcher
from serving.events.event_type import EventType
from serving.events.outbox import Outbox
from serving.events.webhook import Webhook
from tests.support.webhook_receiver import SECRETS, webhook_receiver


class Clock:
    """A clock that is set by hand."""

    def __init__(self):
        self.now = datetime(2026, 3, 20, 12, tzinfo=UTC)

    def __call__(self):
        return self.now

    def forward(self, seconds):
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(audit_url):
    opened = AuditStore.open(audit_url)
    yield opened
    opened.close()


@pytest.fixture
def receiver():
    with webhook_receiver() as made:
        yield made


@pytest.fixture
def secret_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text("\n".join("whsec_" + base64.b64encode(one).decode() for one in SECRETS))
    path.chmod(0o600)
    return path


@pytest.fixture
def dispatcher(store, receiver, clock):
    outbox = Outbox(store)
    outbox.begin()
    webhook = Webhook(receiver.url, SECRETS, 5)
    with webhook:
        yield Dispatcher(
            outbox, webhook, frozenset(EventType), "/test", "https://triage", 3, clock, lambda: 0.5
        )
