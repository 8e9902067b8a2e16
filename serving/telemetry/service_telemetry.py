"""Observer of a running service: times stages, opens spans, counts recommendations."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from serving.server.operational_gauges import OperationalGauges
from serving.telemetry.metrics import Metrics
from serving.telemetry.observer import RecommendationObservation, Stage
from serving.telemetry.traces import Tracer


@dataclass(frozen=True)
class ServiceTelemetry:
    """Told of stages and answers by the engine, and of requests by the door."""

    metrics: Metrics
    traces: Tracer
    access_log: bool = False

    @contextmanager
    def stage(self, name: Stage, /) -> Iterator[None]:
        """Around a stage: its time and its span, also where it fails."""
        started = time.perf_counter()
        try:
            with self.traces.span(name):
                yield
        finally:
            self.metrics.observe_stage(name, time.perf_counter() - started)

    def answered(self, given: Iterable[RecommendationObservation], /) -> None:
        """After recommendations were recorded."""
        self.metrics.given(given)

    def text(self, figures: OperationalGauges) -> bytes:
        """What Prometheus reads."""
        return self.metrics.text(figures)
