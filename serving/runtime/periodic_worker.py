"""Background thread that repeats one step until it is stopped."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

LOG = logging.getLogger(__name__)


@dataclass
class PeriodicWorker:
    """A thread of its own. step: one round; whether another may follow at once.

    Whatever a round raises, another one comes; that it fails is said once, until it succeeds.
    """

    name: str
    step: Callable[[], bool]
    every_seconds: float
    stopping: threading.Event = field(default_factory=threading.Event, init=False)
    failing: str = field(default="", init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """End within so many seconds; what is not done by then is done after the next start."""
        self.stopping.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self.stopping.is_set():
            if not self._try():
                self.stopping.wait(self.every_seconds)

    def _try(self) -> bool:
        try:
            more = self.step()
        except Exception as error:  # noqa: BLE001 - whatever it is, another round comes
            if not self.failing:
                LOG.warning("%s fails, and is tried again: %s", self.name, error)
            self.failing = str(error) or type(error).__name__
            return False
        if self.failing:
            LOG.warning("%s works again", self.name)
        self.failing = ""
        return more
