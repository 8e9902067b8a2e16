"""Checkpoints in the background: every so many entries or seconds, and a last one at the end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from serving.audit.checkpoint_writer import CheckpointWriter
from serving.audit.errors import AuditUnavailableError
from serving.audit.old_requests import forget_requests
from serving.audit.second_place import OtherHistoryError, SecondPlace, SecondPlaceError
from serving.audit.store import AuditStore

LOG = logging.getLogger(__name__)
RETRY_SECONDS = 10.0
STOP_SECONDS = 8.0
EXPECTED = (SecondPlaceError, OtherHistoryError, AuditUnavailableError)


@dataclass
class Checkpointer:
    """Writes checkpoints of a log to its second place.

    Safe to run in every process that writes the log: they take turns. An answer never waits for
    it, and a second place that is away never stops one.

    every_entries, every_seconds: whichever comes first. keys_kept_hours: idempotency keys that
    are older are forgotten. clock: the time of day, UTC. failing: why the last try failed; ""
    when it did not; failing_since: when that began, by the monotonic clock in seconds.
    """

    store: AuditStore
    place: SecondPlace
    every_entries: int
    every_seconds: float
    clock: Callable[[], datetime]
    keys_kept_hours: int = 7 * 24
    failing: str = field(default="", init=False)
    failing_since: float = field(default=0.0, init=False)
    _since: int = field(default=0, init=False)
    _woken: threading.Event = field(default_factory=threading.Event, init=False)
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.writer = CheckpointWriter(self.store, self.place, self.clock)

    def due(self) -> bool:
        """Whether it is time for a checkpoint. One that was written makes no other one due.

        Raises:
            AuditUnavailableError: the record cannot be read.
        """
        now = self.writer.standing()
        if not now.news:
            return False
        if not now.at or now.size - now.checkpoint_size >= self.every_entries:
            return True
        # a clock that was set back must not put the next one off for as long
        apart = abs(self.clock() - datetime.fromisoformat(now.at))
        return apart >= timedelta(seconds=self.every_seconds)

    def write_now(self) -> str | None:
        """A checkpoint now, due or not; None if there is nothing new, or another process is at it.

        Raises:
            as `CheckpointWriter.write`.
        """
        self._since = 0
        return self.writer.write()

    def start(self) -> None:
        """Write checkpoints from now on, in a thread of its own."""
        if self._thread is not None:
            raise RuntimeError("the checkpointer runs already")
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="checkpointer", daemon=True)
        self._thread.start()

    def nudge(self, entries: int = 1) -> None:
        """Say, after a commit, that so many entries were written. Costs next to nothing."""
        self._since += entries  # what threads lose of it in a race, the next round makes good
        if self._since >= self.every_entries:
            self._since = 0
            self._woken.set()

    def stop(self, within_seconds: float = STOP_SECONDS) -> bool:
        """Write a last checkpoint and end; False where that took longer, and was left undone."""
        thread, self._thread = self._thread, None
        if thread is None:
            return True
        self._stopping.set()
        self._woken.set()
        thread.join(within_seconds)
        if thread.is_alive():
            LOG.warning("no last checkpoint within %s s: %s", within_seconds, self.place.told)
        return not thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._try(self._round)
            self._woken.wait(self._pause())
            self._woken.clear()
        self._try(lambda: self.writer.write(wait=True))

    def _pause(self) -> float:
        return min(self.every_seconds, RETRY_SECONDS) if self.failing else self.every_seconds

    def _round(self) -> None:
        if self.due():
            self.write_now()
        forget_requests(self.store, self.clock() - timedelta(hours=self.keys_kept_hours))

    def _try(self, step: Callable[[], object]) -> None:
        """Do it; say once that it fails, until it succeeds again. The thread never dies of it."""
        try:
            step()
        except Exception as error:  # whatever it is, another round comes
            if not self.failing:
                self.failing_since = time.monotonic()
                unexpected = None if isinstance(error, EXPECTED) else error
                said = "no checkpoint can be written: %s"
                LOG.log(logging.ERROR, said, error, exc_info=unexpected)
            self.failing = str(error) or type(error).__name__
        else:
            if self.failing:
                LOG.warning("checkpoints are written again to %s", self.place.told)
            self.failing = ""
