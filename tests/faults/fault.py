"""The faults, by name, and what each takes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any

from tests.faults.audit_location import AuditLocation, StoreKind
from tests.faults.observations import AuditReader, Window

BOTH = (StoreKind.SQLITE, StoreKind.POSTGRESQL)
SQLITE = (StoreKind.SQLITE,)
POSTGRESQL = (StoreKind.POSTGRESQL,)


class Fault(StrEnum):
    """Fault that strikes the service."""

    KILL_WRITER = "kill_writer"
    KILL_WORKER = "kill_worker"
    KILL_PARENT = "kill_parent"
    SIGTERM = "sigterm"
    TWO_REPLICAS = "two_replicas"
    DUPLICATES = "duplicates"
    POSTGRES_KILL = "postgres_kill"
    POSTGRES_RESTART = "postgres_restart"
    POSTGRES_AWAY = "postgres_away"
    SQLITE_LOCKED = "sqlite_locked"
    SQLITE_READ_ONLY = "sqlite_read_only"
    DISK_FULL = "disk_full"
    CLOCK_BACK = "clock_back"


class TargetKind(StrEnum):
    """Target of a fault: a bare writer, or the whole service over HTTP."""

    WRITER = "writer"
    SERVICE = "service"


@dataclass
class Bench:
    """A run: where the record is, who writes to it, and the reader that checks it.

    away: seconds that a store stays away.
    """

    place: AuditLocation
    targets: Sequence[Any]
    log: AuditReader
    away: float = 3.0

    @property
    def target(self) -> Any:
        """The one that is struck."""
        return self.targets[0]


Strike = Callable[[Bench, Random], Window]
"""Does it, and undoes what does not end by itself; when nothing could be recorded."""


@dataclass(frozen=True)
class FaultKind:
    """A fault: to whom and where it can be done, and how.

    twice: everything is sent twice at once, and again. replicas: how many write to the log.
    """

    strike: Strike
    targets: Sequence[TargetKind] = tuple(TargetKind)
    stores: Sequence[StoreKind] = BOTH
    replicas: int = 1
    twice: bool = False
    small_disk: bool = False
    prefix: Callable[[], Sequence[str]] = tuple
    environment: Callable[[AuditLocation], Mapping[str, str]] = field(default=lambda _: {})
