"""Observer of a running service: times stages, opens spans, counts recommendations."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client.registry import Collector

from serving.telemetry.metrics import Metrics
from serving.telemetry.observer import RecommendationObservation, Stage
from serving.telemetry.traces import Tracer


@dataclass(frozen=True)
class ServiceTelemetry:
    """Receives stages and recommendations from the engine, requests from the middleware."""

    metrics: Metrics
    traces: Tracer
    access_log: bool = False

    @contextmanager
    def stage(self, name: Stage, /) -> Iterator[None]:
        """Measure a stage and open its span, also where the stage fails."""
        started = time.perf_counter()
        try:
            with self.traces.span(name):
                yield
        finally:
            self.metrics.observe_stage(name, time.perf_counter() - started)

    def answered(self, recorded: Iterable[RecommendationObservation], /) -> None:
        """Count recommendations that were recorded."""
        self.metrics.count_recommendations(recorded)

    def text(self, gauges: Collector) -> bytes:
        """Return all metrics in Prometheus' text format. gauges: collected when asked for."""
        return self.metrics.text(gauges)
