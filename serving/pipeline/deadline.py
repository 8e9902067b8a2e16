"""Deadline of scoring: no stage begins after it; cases not scored by then are answered by rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from serving.telemetry.observer import Observer, RecommendationObservation, Stage

Monotonic = Callable[[], float]


class DeadlineExceededError(RuntimeError):
    """The deadline passed before a stage began."""


@dataclass(frozen=True)
class Deadline:
    """A moment by a monotonic clock. seconds: the time limit that it was made from."""

    seconds: float
    until: float
    monotonic: Monotonic

    @classmethod
    def after(cls, seconds: float, start: float, monotonic: Monotonic = time.monotonic) -> Deadline:
        """Return the deadline that many seconds after `start`, a reading of that clock."""
        return cls(seconds, start + seconds, monotonic)

    @property
    def expired(self) -> bool:
        """Whether the deadline has passed."""
        return self.monotonic() >= self.until


@dataclass(frozen=True)
class DeadlineObserver:
    """An observer that refuses to begin a stage after a deadline."""

    deadline: Deadline
    observer: Observer

    def stage(self, name: Stage, /) -> AbstractContextManager[None]:
        """Observe a stage.

        Raises:
            DeadlineExceededError: the deadline has passed.
        """
        if self.deadline.expired:
            raise DeadlineExceededError(name)
        return self.observer.stage(name)

    def answered(self, given: Iterable[RecommendationObservation], /) -> None:
        """Observe recommendations that were recorded."""
        self.observer.answered(given)
