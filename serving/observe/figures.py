"""Figures that are looked up when they are asked for: the queue, the record, what answers."""

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

from models.task import TaskName
from serving.audit.checkpointer import Checkpointer
from serving.audit.errors import AuditUnavailableError
from serving.audit.queries import answering, unsettled
from serving.audit.store import AuditStore
from serving.audit.tables import ENTRIES
from serving.breaker import State
from serving.engine import Engine
from serving.observe.deliveries import deliveries

LATEST = 50_000
"""Entries among which open cases are counted: a scrape must not read the whole record."""


@dataclass(eq=False)  # a registry keeps collectors by what they are
class Figures(Collector):
    """Figures of the record, looked up again after so many seconds at the earliest.

    A record that cannot be read is a figure too (`triage_record_readable`), never an error.
    """

    engine: Engine
    checkpoints: Checkpointer
    seconds: float
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _kept: list[Metric] = field(default_factory=list, init=False)
    _until: float = field(default=0.0, init=False)

    def collect(self) -> Iterator[Metric]:
        """What answers, as it is now, and the record, as it was a moment ago."""
        yield from self._answering()
        with self._lock:
            if time.monotonic() >= self._until:
                self._kept = list(self._record())
                self._until = time.monotonic() + self.seconds
            yield from self._kept

    def _answering(self) -> Iterator[Metric]:
        lineup = self.engine.live.now
        models = GaugeMetricFamily(
            "triage_model",
            "1 for each model that answers, with what it is",
            labels=["task", "version", "digest"],
        )
        for task, champion in lineup.champions.items():
            models.add_metric([task, champion.version, champion.model.digest[:12]], 1)
        yield models
        tasks = GaugeMetricFamily(
            "triage_task_served", "1 for a task that has a champion, 0 without", labels=["task"]
        )
        for task in self.engine.tasks:
            tasks.add_metric([task], float(task in lineup.champions))
        yield tasks
        yield self._breakers()
        if lineup.profiles is not None:
            as_of = datetime.combine(lineup.profiles.as_of, datetime.min.time(), UTC)
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
            now = State.CLOSED if breaker is None else breaker.state
            for state in State:
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
        """How far the second place is behind the record."""
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
        counted = open_cases(self.engine.audit)
        found = GaugeMetricFamily(
            "triage_open_cases",
            f"Cases without a decision among the latest {LATEST} entries",
            labels=["task"],
        )
        for task in self.engine.tasks:
            found.add_metric([task], counted.get(task, 0))
        return found

    def _events(self) -> Iterator[Metric]:
        return deliveries(self.engine.audit, self.engine.clock())


def open_cases(store: AuditStore, latest: int = LATEST) -> dict[TaskName, int]:
    """Cases without a decision by task, among so many of the latest entries.

    Raises:
        AuditUnavailableError: the record cannot be read.
    """
    end = sa.select(sa.func.max(ENTRIES.c.sequence)).scalar_subquery()
    query = (
        sa.select(ENTRIES.c.task, sa.func.count())
        .where(ENTRIES.c.sequence > end - latest, answering(), unsettled())
        .group_by(ENTRIES.c.task)
    )
    with store.reading() as connection:
        rows = connection.execute(query).all()
    known = set(TaskName)
    return {TaskName(task): count for task, count in rows if task in known}
