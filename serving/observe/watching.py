"""The observer of a running service: times stages, opens spans, counts answers."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from serving.observe.figures import Figures
from serving.observe.metrics import Metrics
from serving.observe.observer import Given, Stage
from serving.observe.traces import Traces


@dataclass(frozen=True)
class Watching:
    """Told of stages and answers by the engine, and of requests by the door."""

    metrics: Metrics
    traces: Traces
    access_log: bool = False

    @contextmanager
    def stage(self, name: Stage, /) -> Iterator[None]:
        """Around a stage: its time and its span, also where it fails."""
        started = time.perf_counter()
        try:
            with self.traces.span(name):
                yield
        finally:
            self.metrics.stage_took(name, time.perf_counter() - started)

    def answered(self, given: Iterable[Given], /) -> None:
        """After recommendations were recorded."""
        self.metrics.given(given)

    def text(self, figures: Figures) -> bytes:
        """What Prometheus reads."""
        return self.metrics.text(figures)
