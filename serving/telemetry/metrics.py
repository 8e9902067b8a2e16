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
"""Names the folder in which the processes of one service count together. BentoML sets it for its
processes and clears the folder when the service starts."""
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
RUNGS = frozenset(Rung)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_LABEL = "other"
NONE_LABEL = "none"


class Metrics:
    """Counters and histograms of requests, stages and recommendations.

    classes: of each task; a class that is none of them is counted as "other".
    """

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
        self._by_request: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._recommendations = Counter(
            "triage_recommendations",
            "Recommendations recorded",
            ["task", "rung", "expected", "abstained"],
            registry=own,
        )
        self._by_recommendation: dict[tuple[str, str, str, str], Counter] = {}

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request. route: its template, never its path; "" for none."""
        known = method if method in METHODS else OTHER_LABEL
        labels = known, route or NONE_LABEL, status
        if labels not in self._by_request:
            counter = self._requests.labels(known, route or NONE_LABEL, str(status))
            self._by_request[labels] = counter, self._seconds.labels(route or NONE_LABEL)
        counter, histogram = self._by_request[labels]
        counter.inc()
        histogram.observe(seconds)

    def observe_stage(self, stage: Stage, seconds: float) -> None:
        """Add the seconds that a stage took."""
        self._stages[stage].observe(seconds)

    def count_recommendations(self, recorded: Iterable[RecommendationObservation]) -> None:
        """Count recommendations that were recorded."""
        for one in recorded:
            self._counter(one).inc()

    def _counter(self, one: RecommendationObservation) -> Counter:
        rung = one.rung if one.rung in RUNGS else OTHER_LABEL
        labels = one.task, rung, self._class(one), str(one.abstained).lower()
        if labels not in self._by_recommendation:
            self._by_recommendation[labels] = self._recommendations.labels(*labels)
        return self._by_recommendation[labels]

    def _class(self, one: RecommendationObservation) -> str:
        if not one.expected:
            return NONE_LABEL
        return one.expected if one.expected in self.classes[one.task] else OTHER_LABEL

    def text(self, gauges: Collector) -> bytes:
        """Return everything in Prometheus' text format. gauges: collected now."""
        registry = CollectorRegistry()
        shared = os.environ.get(MULTIPROCESS_VARIABLE)
        if shared and Path(shared).is_dir():
            MultiProcessCollector(registry, shared)  # type: ignore[no-untyped-call] # untyped there
        else:
            registry.register(_RegistryCollector(self.registry))
        registry.register(gauges)
        return generate_latest(registry)


class _RegistryCollector(Collector):
    """Collects what another registry holds."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry

    def collect(self) -> Iterable[object]:  # type: ignore[override] # metrics, untyped there
        return self.registry.collect()
