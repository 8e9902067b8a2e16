"""Prometheus metrics of all worker processes.

Requests, stages, recommendations; every label is bounded.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from models.task import TaskName
from serving.recommendation.fallback_ladder import Rung
from serving.telemetry.observer import RecommendationObservation, Stage

MULTIPROCESS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Folder in which the processes of one service count together. BentoML names it for its
processes, and clears it when the service starts."""
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
RUNGS = frozenset(Rung)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_LABEL = "other"
NONE_LABEL = "none"


class Metrics:
    """Counts answers, and how long they took. classes: those of each task."""

    def __init__(self, classes: Mapping[TaskName, Collection[str]]) -> None:
        self.classes = classes
        self.registry = own = CollectorRegistry()
        self._requests = Counter(
            "triage_requests", "Requests answered", ["method", "route", "status"], registry=own
        )
        self._seconds = Histogram(
            "triage_request_seconds",
            "Seconds from a request to its answer",
            ["route"],
            buckets=BUCKETS,
            registry=own,
        )
        stages = Histogram(
            "triage_stage_seconds",
            "Seconds a stage of an answer took",
            ["stage"],
            buckets=BUCKETS,
            registry=own,
        )
        self._stages = {stage: stages.labels(stage) for stage in Stage}
        self._told: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._given = Counter(
            "triage_recommendations",
            "Recommendations recorded",
            ["task", "rung", "expected", "abstained"],
            registry=own,
        )
        self._counters: dict[tuple[str, str, str, str], Counter] = {}

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered. route: its template, never its path; "" where there is none."""
        known = method if method in METHODS else OTHER_LABEL
        told = known, route or NONE_LABEL, status
        if told not in self._told:
            counter = self._requests.labels(known, route or NONE_LABEL, str(status))
            self._told[told] = counter, self._seconds.labels(route or NONE_LABEL)
        counter, histogram = self._told[told]
        counter.inc()
        histogram.observe(seconds)

    def observe_stage(self, stage: Stage, seconds: float) -> None:
        """A stage of an answer is done."""
        self._stages[stage].observe(seconds)

    def given(self, every: Iterable[RecommendationObservation]) -> None:
        """Recommendations were recorded."""
        for one in every:
            self._counter(one).inc()

    def _counter(self, one: RecommendationObservation) -> Counter:
        rung = one.rung if one.rung in RUNGS else OTHER_LABEL
        told = one.task, rung, self._class(one), str(one.abstained).lower()
        if told not in self._counters:
            self._counters[told] = self._given.labels(*told)
        return self._counters[told]

    def _class(self, one: RecommendationObservation) -> str:
        if not one.expected:
            return NONE_LABEL
        return one.expected if one.expected in self.classes[one.task] else OTHER_LABEL

    def text(self, figures: Collector) -> bytes:
        """Everything, as Prometheus reads it. figures: what is looked up when it is asked for."""
        registry = CollectorRegistry()
        shared = os.environ.get(MULTIPROCESS_VARIABLE)
        if shared and Path(shared).is_dir():
            MultiProcessCollector(registry, shared)  # type: ignore[no-untyped-call] # untyped there
        else:
            registry.register(_RegistryCollector(self.registry))
        registry.register(figures)
        return generate_latest(registry)


class _RegistryCollector(Collector):
    """What another registry holds."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry

    def collect(self) -> Iterable[object]:  # type: ignore[override] # metrics, untyped there
        return self.registry.collect()
