"""Deadline of scoring: no stage begins after it; cases not scored by then are answered by rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from serving.telemetry.observer import Observer, RecommendationObservation, Stage

Monotonic = Callable[[], float]


class DeadlineExceededError(RuntimeError):
    """The time was over before a stage began."""


@dataclass(frozen=True)
class Deadline:
    """Until when scoring goes on. seconds: as allowed. monotonic: a clock that never steps back."""

    seconds: float
    until: float
    monotonic: Monotonic

    @classmethod
    def of(cls, seconds: float, since: float, monotonic: Monotonic = time.monotonic) -> Deadline:
        """So many seconds since a moment of that clock."""
        return cls(seconds, since + seconds, monotonic)

    @property
    def expired(self) -> bool:
        """Whether the time is over."""
        return self.monotonic() >= self.until


@dataclass(frozen=True)
class DeadlineObserver:
    """An observer that lets no stage begin once the time is over."""

    budget: Deadline
    observe: Observer

    def stage(self, name: Stage, /) -> AbstractContextManager[None]:
        """Around a stage.

        Raises:
            LateError: the time is over.
        """
        if self.budget.expired:
            raise DeadlineExceededError(name)
        return self.observe.stage(name)

    def answered(self, given: Iterable[RecommendationObservation], /) -> None:
        """After recommendations were recorded."""
        self.observe.answered(given)
