"""State derived from audit entries, cached and re-read when newer entries of its kinds exist.

Every process that shares the record follows it, so that what one writes binds all within about
a second: pauses, keys. Nobody polls: whoever needs it looks, at most once in so many seconds.
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
    """kinds: of the entries that tell. told_by: what they come to, in order.

    While the record cannot be read, what was last read holds: a pause is not lifted by an outage.
    """

    record: AuditStore
    kinds: Sequence[EntryKind]
    told_by: Callable[[Sequence[Entry]], T]
    every_seconds: float = REFRESH_SECONDS
    monotonic: Callable[[], float] = time.monotonic
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        """Read it for the first time.

        Raises:
            AuditUnavailableError: it cannot be read.
        """
        self.checked_at = self.monotonic()
        self.newest = self.record.newest(self.kinds)
        self.held = self.told_by(self.record.of_kind(*self.kinds))

    @property
    def now(self) -> T:
        """What holds now, at most `every_seconds` old; as it was while somebody else looks."""
        if self.monotonic() - self.checked_at < self.every_seconds:
            return self.held
        if self.lock.acquire(blocking=False):
            try:
                self._look()
            except AuditUnavailableError:
                pass  # whoever must write the record will say so
            finally:
                self.lock.release()
        return self.held

    def _look(self) -> None:
        self.checked_at = self.monotonic()
        newest = self.record.newest(self.kinds)
        if newest != self.newest:
            self.held = self.told_by(self.record.of_kind(*self.kinds))
            self.newest = newest
