"""Observer interface.

What the pipeline reports of stages and recommendations, and the observer that ignores it.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from models.task import TaskName


class Stage(StrEnum):
    """A part of the way from a request to its answer."""

    READ = "read"
    LOOKUP = "lookup"
    SCORE = "score"
    EXPLAIN = "explain"
    ADVISE = "advise"
    AUDIT = "audit"


@dataclass(frozen=True)
class RecommendationObservation:
    """What is told of one recommendation: nothing of its case.

    rung: a `serving.recommendation.fallback_ladder.Rung`. expected: the class it names; "" without
    a score.
    """

    task: TaskName
    rung: str
    expected: str
    abstained: bool


class Observer(Protocol):
    """Told of stages and answers. Observing never changes an answer and never raises."""

    def stage(self, name: Stage, /) -> AbstractContextManager[None]:
        """Around a stage: takes its time, and the span of it."""

    def answered(self, given: Iterable[RecommendationObservation], /) -> None:
        """After recommendations were recorded."""


class NullObserver:
    """Lets everything pass."""

    def stage(self, _: Stage, /) -> AbstractContextManager[None]:
        """Nothing around a stage."""
        return nullcontext()

    def answered(self, _: Iterable[RecommendationObservation], /) -> None:
        """Nothing of answers."""


NULL_OBSERVER: Observer = NullObserver()
"""For whoever answers with nobody watching."""
