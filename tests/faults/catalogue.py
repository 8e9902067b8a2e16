"""Catalogue of the faults: how each is carried out."""

from collections.abc import Mapping

from tests.faults.clock import clock_back, environment
from tests.faults.databases import (
    disk_full,
    postgres_away,
    postgres_kill,
    postgres_restart,
    sqlite_locked,
    sqlite_read_only,
    without_privilege,
)
from tests.faults.fault import POSTGRESQL, SQLITE, Fault, FaultKind, TargetKind
from tests.faults.processes import (
    duplicates,
    kill_parent,
    kill_worker,
    kill_writer,
    sigterm,
    two_replicas,
)

WRITER = (TargetKind.WRITER,)
SERVICE = (TargetKind.SERVICE,)

FAULTS: Mapping[Fault, FaultKind] = {
    Fault.KILL_WRITER: FaultKind(kill_writer, WRITER),
    Fault.KILL_WORKER: FaultKind(kill_worker, SERVICE),
    Fault.KILL_PARENT: FaultKind(kill_parent, SERVICE),
    Fault.SIGTERM: FaultKind(sigterm),
    Fault.TWO_REPLICAS: FaultKind(two_replicas, replicas=2),
    Fault.DUPLICATES: FaultKind(duplicates, twice=True),
    Fault.POSTGRES_KILL: FaultKind(postgres_kill, stores=POSTGRESQL),
    Fault.POSTGRES_RESTART: FaultKind(postgres_restart, stores=POSTGRESQL),
    Fault.POSTGRES_AWAY: FaultKind(postgres_away, stores=POSTGRESQL),
    Fault.SQLITE_LOCKED: FaultKind(sqlite_locked, stores=SQLITE),
    Fault.SQLITE_READ_ONLY: FaultKind(sqlite_read_only, stores=SQLITE, prefix=without_privilege),
    Fault.DISK_FULL: FaultKind(disk_full, stores=SQLITE, small_disk=True),
    # Under faketime with a true monotonic clock, time.sleep fails (EINVAL): the service cannot run.
    Fault.CLOCK_BACK: FaultKind(clock_back, WRITER, environment=environment),
}
