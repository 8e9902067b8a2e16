"""Background thread that repeats one step until it is stopped."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

LOG = logging.getLogger(__name__)


@dataclass
class PeriodicWorker:
    """Repeats a step on a thread of its own.

    A step that raises is repeated, too; the first of several failures in a row is logged.

    name: of the thread, for logs. step: returns whether the next round may follow at once.
    every_seconds: between two rounds otherwise.
    """

    name: str
    step: Callable[[], bool]
    every_seconds: float
    stopping: threading.Event = field(default_factory=threading.Event, init=False)
    failing: str = field(default="", init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Stop within so many seconds; unfinished work is done after the next start."""
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
