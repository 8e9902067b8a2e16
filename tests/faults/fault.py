"""Names of the faults, and the type that describes how each is carried out."""

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
    """A run: its record, its targets and the reader that checks it.

    Attributes:
        place: Location of the record.
        targets: Writers or services that write to the record.
        log: Reader that checks the record.
        away: Seconds that a store stays unavailable.
    """

    place: AuditLocation
    targets: Sequence[Any]
    log: AuditReader
    away: float = 3.0

    @property
    def target(self) -> Any:
        """Target that the fault strikes."""
        return self.targets[0]


Strike = Callable[[Bench, Random], Window]
"""Carries out a fault, undoes what does not end by itself, and returns its time window."""


@dataclass(frozen=True)
class FaultKind:
    """Description of a fault.

    Attributes:
        strike: Function that carries it out.
        targets: Kinds of target it applies to.
        stores: Kinds of store it applies to.
        replicas: Number of targets that write to the record.
        twice: True if each request is sent twice at once, and again later.
        small_disk: True if the record needs a small disk.
        prefix: Returns the command prefix of the targets.
        environment: Returns environment variables of the targets.
    """

    strike: Strike
    targets: Sequence[TargetKind] = tuple(TargetKind)
    stores: Sequence[StoreKind] = BOTH
    replicas: int = 1
    twice: bool = False
    small_disk: bool = False
    prefix: Callable[[], Sequence[str]] = tuple
    environment: Callable[[AuditLocation], Mapping[str, str]] = field(default=lambda _: {})
