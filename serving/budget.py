"""The time a request may take: after it, what is not scored yet is answered by rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from serving.observe.observer import Given, Observer, Stage

Monotonic = Callable[[], float]


class LateError(RuntimeError):
    """The time was over before a stage began."""


@dataclass(frozen=True)
class Budget:
    """Until when scoring goes on. seconds: as allowed. monotonic: a clock that never steps back."""

    seconds: float
    until: float
    monotonic: Monotonic

    @classmethod
    def of(cls, seconds: float, since: float, monotonic: Monotonic = time.monotonic) -> Budget:
        """So many seconds since a moment of that clock."""
        return cls(seconds, since + seconds, monotonic)

    @property
    def spent(self) -> bool:
        """Whether the time is over."""
        return self.monotonic() >= self.until


@dataclass(frozen=True)
class Timely:
    """An observer that lets no stage begin once the time is over."""

    budget: Budget
    observe: Observer

    def stage(self, name: Stage, /) -> AbstractContextManager[None]:
        """Around a stage.

        Raises:
            LateError: the time is over.
        """
        if self.budget.spent:
            raise LateError(name)
        return self.observe.stage(name)

    def answered(self, given: Iterable[Given], /) -> None:
        """After recommendations were recorded."""
        self.observe.answered(given)
