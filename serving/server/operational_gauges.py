"""Prometheus gauges computed on scrape.

Loaded models, circuit breakers, checkpoint lag, open cases, event delivery.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy as sa
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from models.catalogue import TASKS
from models.task import TaskName
from serving.audit.checkpointer import Checkpointer
from serving.audit.log.errors import AuditUnavailableError
from serving.audit.log.queries import is_answer, is_open_answer
from serving.audit.log.store import AuditStore
from serving.audit.log.tables import ENTRIES
from serving.events.event_type import EventType, entry_kinds_of
from serving.events.outbox import Outbox
from serving.pipeline.engine import Engine
from serving.runtime.circuit_breaker import CircuitState

PUBLISHED_KINDS = entry_kinds_of(frozenset(EventType))


def event_delivery_gauges(store: AuditStore, now: datetime) -> Iterator[Metric]:
    """Yield the gauges of event delivery; nothing if no event was ever sent.

    Raises:
        AuditUnavailableError: the audit log cannot be read.
    """
    outbox = Outbox(store)
    cursor = outbox.cursor()
    if cursor is None:
        return
    waiting, since = _waiting_events(store, cursor.sequence)
    age = (now - datetime.fromisoformat(since)).total_seconds() if since else 0.0
    yield GaugeMetricFamily(
        "triage_events_waiting", "Events that the receiver was not told of yet", waiting
    )
    yield GaugeMetricFamily(
        "triage_events_oldest_seconds", "Since the oldest of them was recorded", max(0.0, age)
    )
    yield GaugeMetricFamily(
        "triage_events_dead_letters", "Events that could not be delivered", len(outbox.dead())
    )
    yield GaugeMetricFamily(
        "triage_events_stopped", "1 while nothing is sent any more", float(bool(cursor.stopped))
    )


def _waiting_events(store: AuditStore, after: int) -> tuple[int, str]:
    """Return how many entries wait to be delivered, and when the first was recorded."""
    query = sa.select(sa.func.count(), sa.func.min(ENTRIES.c.recorded_at)).where(
        ENTRIES.c.sequence > after, ENTRIES.c.kind.in_([str(kind) for kind in PUBLISHED_KINDS])
    )
    with store.reading() as connection:
        count, since = connection.execute(query).one()
    return int(count), since or ""


OPEN_CASES_WINDOW = 50_000
"""Latest entries among which open cases are counted: a scrape must not read the whole log."""


@dataclass(eq=False)  # a registry keeps collectors by what they are
class OperationalGauges(Collector):
    """Collects gauges; those of the audit log are cached for so many seconds.

    An audit log that cannot be read is a gauge (`triage_record_readable`), never an error.
    """

    engine: Engine
    checkpoints: Checkpointer
    seconds: float
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _kept: list[Metric] = field(default_factory=list, init=False)
    _until: float = field(default=0.0, init=False)

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges of models now, and those of the audit log as cached."""
        yield from self._answering()
        with self._lock:
            if time.monotonic() >= self._until:
                self._kept = list(self._record())
                self._until = time.monotonic() + self.seconds
            yield from self._kept

    def _answering(self) -> Iterator[Metric]:
        active = self.engine.models.current
        models = GaugeMetricFamily(
            "triage_model",
            "1 for each model that answers, with what it is",
            labels=["task", "version", "digest"],
        )
        for task, champion in active.champions.items():
            models.add_metric([task, champion.version, champion.model.digest[:12]], 1)
        yield models
        tasks = GaugeMetricFamily(
            "triage_task_served", "1 for a task that has a champion, 0 without", labels=["task"]
        )
        for task in self.engine.tasks:
            tasks.add_metric([task], float(task in active.champions))
        yield tasks
        yield self._breakers()
        if active.profiles is not None:
            as_of = datetime.combine(active.profiles.as_of, datetime.min.time(), UTC)
            age = (self.engine.clock() - as_of).total_seconds()
            yield GaugeMetricFamily(
                "triage_profiles_age_seconds", "Since midnight up to which the past is known", age
            )

    def _breakers(self) -> Metric:
        found = GaugeMetricFamily(
            "triage_breaker",
            "1 for the state that the breaker around a store is in, 0 for the others",
            labels=["store", "state"],
        )
        for store, breaker in (
            ("record", self.engine.audit.breaker),
            ("profiles", self.engine.profiles),
        ):
            now = CircuitState.CLOSED if breaker is None else breaker.state
            for state in CircuitState:
                found.add_metric([store, state], float(state is now))
        return found

    def _record(self) -> Iterator[Metric]:
        failing = float(bool(self.checkpoints.failing))
        yield GaugeMetricFamily(
            "triage_checkpoint_failing", "1 while no checkpoint can be written", failing
        )
        try:
            found = [*self._lag(), self._open(), *self._events()]
        except AuditUnavailableError:
            found = []
        yield GaugeMetricFamily(
            "triage_record_readable", "1 while the record can be read", float(bool(found))
        )
        yield from found

    def _lag(self) -> Iterator[Metric]:
        """Yield how far the checkpoint mirror is behind the audit log."""
        now = self.checkpoints.writer.standing()
        yield GaugeMetricFamily("triage_record_entries", "Entries of the record", now.size)
        yield GaugeMetricFamily(
            "triage_checkpoint_lag_entries",
            "Entries that no checkpoint in the second place covers",
            now.size - now.checkpoint_size,
        )
        if now.at:
            age = (self.engine.clock() - datetime.fromisoformat(now.at)).total_seconds()
            yield GaugeMetricFamily(
                "triage_checkpoint_age_seconds", "Since the last checkpoint", max(0.0, age)
            )

    def _open(self) -> Metric:
        counted = count_open_cases(self.engine.audit)
        found = GaugeMetricFamily(
            "triage_open_cases",
            f"Cases without a decision among the latest {OPEN_CASES_WINDOW} entries",
            labels=["task"],
        )
        for task in self.engine.tasks:
            found.add_metric([task], counted.get(task, 0))
        return found

    def _events(self) -> Iterator[Metric]:
        return event_delivery_gauges(self.engine.audit, self.engine.clock())


def count_open_cases(store: AuditStore, latest: int = OPEN_CASES_WINDOW) -> dict[TaskName, int]:
    """Count cases without a decision by task, among so many of the latest entries.

    Raises:
        AuditUnavailableError: the audit log cannot be read.
    """
    end = sa.select(sa.func.max(ENTRIES.c.sequence)).scalar_subquery()
    query = (
        sa.select(ENTRIES.c.task, sa.func.count())
        .where(ENTRIES.c.sequence > end - latest, is_answer(), is_open_answer())
        .group_by(ENTRIES.c.task)
    )
    with store.reading() as connection:
        rows = connection.execute(query).all()
    known = set(TASKS)
    return {TaskName(task): count for task, count in rows if task in known}
