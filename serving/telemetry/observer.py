"""Observer interface: what the pipeline reports of stages and recommendations."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from models.task import TaskName


class Stage(StrEnum):
    """A stage of the pipeline."""

    READ = "read"
    LOOKUP = "lookup"
    SCORE = "score"
    EXPLAIN = "explain"
    ADVISE = "advise"
    AUDIT = "audit"


@dataclass(frozen=True)
class RecommendationObservation:
    """What is reported of one recommendation; nothing of its case.

    rung: a `serving.recommendation.fallback_ladder.Rung`. expected: the class it names; "" without
    a score.
    """

    task: TaskName
    rung: str
    expected: str
    abstained: bool


class Observer(Protocol):
    """Receives stages and recommendations; never changes an answer and never raises."""

    def stage(self, name: Stage, /) -> AbstractContextManager[None]:
        """Observe a stage while the block runs."""

    def answered(self, recorded: Iterable[RecommendationObservation], /) -> None:
        """Report recommendations that were recorded."""


class NullObserver:
    """An observer that ignores everything."""

    def stage(self, _: Stage, /) -> AbstractContextManager[None]:
        """Observe nothing."""
        return nullcontext()

    def answered(self, _: Iterable[RecommendationObservation], /) -> None:
        """Report nothing."""


NULL_OBSERVER: Observer = NullObserver()
"""Observer of an engine that runs outside of the service."""
