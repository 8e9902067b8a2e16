"""State derived from audit entries, cached and re-read when newer entries of its kinds exist.

Pauses and keys that one process records bind every process that shares the log within about a
second. There is no polling thread: a reader looks for newer entries, at most once in so many
seconds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from serving.audit.log.entry import Entry
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.errors import AuditUnavailableError
from serving.audit.log.store import AuditStore

REFRESH_SECONDS = 1.0
T = TypeVar("T")


@dataclass
class CachedProjection(Generic[T]):
    """State computed from the entries of some kinds.

    While the log cannot be read, the last state holds: an outage does not lift a pause.

    kinds: of the entries to read. told_by: computes the state from these entries, in order.
    every_seconds: how old the state may be.
    """

    record: AuditStore
    kinds: Sequence[EntryKind]
    told_by: Callable[[Sequence[Entry]], T]
    every_seconds: float = REFRESH_SECONDS
    monotonic: Callable[[], float] = time.monotonic
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        """Read the entries for the first time.

        Raises:
            AuditUnavailableError: they cannot be read.
        """
        self.checked_at = self.monotonic()
        self.newest = self.record.newest(self.kinds)
        self.held = self.told_by(self.record.of_kind(*self.kinds))

    @property
    def now(self) -> T:
        """The state, at most `every_seconds` old, or the last one while another thread reads."""
        if self.monotonic() - self.checked_at < self.every_seconds:
            return self.held
        if self.lock.acquire(blocking=False):
            try:
                self._refresh()
            except AuditUnavailableError:
                pass  # the next writer reports it
            finally:
                self.lock.release()
        return self.held

    def _refresh(self) -> None:
        self.checked_at = self.monotonic()
        newest = self.record.newest(self.kinds)
        if newest != self.newest:
            self.held = self.told_by(self.record.of_kind(*self.kinds))
            self.newest = newest
