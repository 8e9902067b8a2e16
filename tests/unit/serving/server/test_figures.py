"""Figures that are looked up in the record, on both stores."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from serving.audit.checkpointer import CheckpointLag
from serving.audit.log.errors import AuditUnavailableError
from serving.audit.log.store import AuditStore
from serving.model_registry.active_models import ActiveModels, ActiveModelsHolder
from serving.runtime.circuit_breaker import CircuitBreaker
from serving.server.operational_gauges import OperationalGauges, count_open_cases
from tests.support.audit_drafts import TASK, decision_draft, recommendation_recorded_at

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


@pytest.fixture
def store(audit_url):
    opened = AuditStore.open(audit_url)
    yield opened
    opened.close()


def asked(number):
    return replace(recommendation_recorded_at(number), reference=f"case-{number}")


def test_open_cases_are_those_without_a_decision_the_latest_answer_of_each(store):
    first = store.append([asked(number) for number in range(5)])
    assert count_open_cases(store) == {TASK: 5}
    store.append([decision_draft(1), decision_draft(3)])
    assert count_open_cases(store) == {TASK: 3}
    assert count_open_cases(store, latest=len(first) + 2 - 4) == {TASK: 1}, "only among the latest"


def test_an_empty_record_has_no_open_cases(store):
    assert count_open_cases(store) == {}


def figures(standing, seconds=15.0):
    """Figures of an engine that serves nothing; `standing` tells how the record is."""
    engine = SimpleNamespace(
        models=ActiveModelsHolder(ActiveModels({}, {}, None)),
        tasks={TASK: None},
        clock=lambda: NOW,
        audit=SimpleNamespace(breaker=CircuitBreaker("the record", failures=1)),
        profiles=CircuitBreaker("the profiles"),
    )
    checkpoints = SimpleNamespace(failing="", writer=SimpleNamespace(standing=standing))
    made = OperationalGauges(engine, checkpoints, seconds)
    made._open = lambda: SimpleNamespace(name="triage_open_cases", samples=[])
    made._events = lambda: iter(())
    return made


def values(made):
    return {sample.name: sample.value for one in made.collect() for sample in one.samples}


def test_the_lag_of_the_record_is_entries_and_seconds():
    at = (NOW - timedelta(seconds=90)).isoformat()
    gauges = values(figures(lambda: CheckpointLag(120, 100, at, news=True)))
    assert gauges["triage_checkpoint_lag_entries"] == 20
    assert gauges["triage_checkpoint_age_seconds"] == 90
    assert gauges["triage_record_readable"] == 1
    assert gauges["triage_task_served"] == 0


def test_a_record_that_cannot_be_read_is_a_figure_and_not_an_error():
    def away():
        raise AuditUnavailableError("no")

    gauges = values(figures(away))
    assert gauges["triage_record_readable"] == 0
    assert "triage_record_entries" not in gauges


def test_the_state_of_each_breaker_is_one_of_three():
    made = figures(lambda: CheckpointLag(1, 0, "", news=True))
    made.engine.audit.breaker.fails()
    (breaker,) = [one for one in made.collect() if one.name == "triage_breaker"]
    states = {(s.labels["store"], s.labels["state"]): s.value for s in breaker.samples}
    assert states == {
        ("record", "closed"): 0,
        ("record", "open"): 1,
        ("record", "half_open"): 0,
        ("profiles", "closed"): 1,
        ("profiles", "open"): 0,
        ("profiles", "half_open"): 0,
    }


def test_the_record_is_not_asked_at_every_scrape():
    asked = []

    def standing():
        asked.append(1)
        return CheckpointLag(1, 0, "", news=True)

    made = figures(standing, seconds=3600.0)
    for _ in range(5):
        values(made)
    assert len(asked) == 1
