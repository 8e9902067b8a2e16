"""Circuit breaker: stop calling a store that keeps failing, then probe it with one call at a time.

Callers fail at once instead of waiting for a time-out, and a store that comes back is not met by
all of them at the same moment.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

FAILURE_THRESHOLD = 5
OPEN_SECONDS = 1.0


class CircuitState(StrEnum):
    """closed: calls pass. open: calls are refused. half_open: one call passes as a trial."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitOpenError(RuntimeError):
    """The store is not called now. seconds: until the next trial."""

    def __init__(self, name: str, seconds: float) -> None:
        super().__init__(
            f"{name} failed {FAILURE_THRESHOLD} times or more in a row and is left alone"
        )
        self.seconds = seconds


@dataclass
class CircuitBreaker:
    """A breaker around one store; threads may share it.

    failures: in a row, until it opens. seconds: that it stays open. monotonic: a clock that never
    steps back.
    """

    name: str
    failures: int = FAILURE_THRESHOLD
    seconds: float = OPEN_SECONDS
    monotonic: Callable[[], float] = time.monotonic
    failed: int = 0
    opened_at: float = 0.0
    trying: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def state(self) -> CircuitState:
        """The state now."""
        if self.failed < self.failures:
            return CircuitState.CLOSED
        over = self.monotonic() - self.opened_at >= self.seconds
        return CircuitState.HALF_OPEN if self.trying or over else CircuitState.OPEN

    @contextmanager
    def guard(self, failure: type[Exception] | tuple[type[Exception], ...]) -> Iterator[None]:
        """Guard one call of the store.

        Args:
            failure: errors that count as failures of the store; others say nothing about it.

        Raises:
            CircuitOpenError: the store is not called now.
        """
        trial = self._admitted()
        try:
            yield
        except failure:
            self.fails(trial=trial)
            raise
        except BaseException:
            self._undecided(trial=trial)
            raise
        self.works()

    def works(self) -> None:
        """Note a call that succeeded."""
        if self.failed:
            with self.lock:
                self.failed, self.trying = 0, False

    def fails(self, *, trial: bool = False) -> None:
        """Note a call that failed. trial: it was the one that a half-open breaker let pass."""
        with self.lock:
            opens = self.failed + 1 == self.failures
            self.failed += 1
            if opens or trial:
                self.opened_at = self.monotonic()
            if trial:
                self.trying = False

    def _admitted(self) -> bool:
        """Return whether this call is a trial; raise if no call may pass."""
        if self.failed < self.failures:
            return False
        with self.lock:
            if self.failed < self.failures:
                return False
            left = self.opened_at + self.seconds - self.monotonic()
            if left > 0 or self.trying:
                raise CircuitOpenError(self.name, max(left, 0.0))
            self.trying = True
            return True

    def _undecided(self, *, trial: bool) -> None:
        if trial:
            with self.lock:
                self.trying = False
