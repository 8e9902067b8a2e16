"""Gauges of pending deliveries, on both stores."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from serving.audit.log.store import AuditStore
from serving.events.outbox import Cursor, DeadLetter, Outbox
from serving.server.operational_gauges import event_delivery_gauges
from tests.support.audit_drafts import recommendation_recorded_at

NOON = "2026-03-20T12:00:00+00:00"
NOW = datetime(2026, 3, 20, 12, 5, tzinfo=UTC)


@pytest.fixture
def store(audit_url):
    opened = AuditStore.open(audit_url)
    yield opened
    opened.close()


def told(store):
    return {s.name: s.value for one in event_delivery_gauges(store, NOW) for s in one.samples}


def test_without_any_sent_event_there_are_no_gauges(store):
    assert told(store) == {}


def test_pending_events_are_counted_with_the_age_of_the_oldest(store):
    begun = Outbox(store).begin()
    assert told(store)["triage_events_waiting"] == 0
    assert told(store)["triage_events_oldest_seconds"] == 0
    entries = store.append(
        [replace(recommendation_recorded_at(n), recorded_at=NOON) for n in range(3)]
    )
    assert told(store)["triage_events_waiting"] == 3
    assert told(store)["triage_events_oldest_seconds"] == 300
    letter = DeadLetter(entries[0].sequence, "id", "recommendation.given", 9, "HTTP 500", NOON)
    Outbox(store).move(begun, Cursor(entries[1].sequence, stopped="HTTP 410"), letter)
    found = told(store)
    assert found["triage_events_waiting"] == 1
    assert found["triage_events_dead_letters"] == 1
    assert found["triage_events_stopped"] == 1
