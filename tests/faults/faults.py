"""Each fault with how it is done."""

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
from tests.faults.fault import POSTGRESQL, SQLITE, Fault, Kind, TargetKind
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

FAULTS: Mapping[Fault, Kind] = {
    Fault.KILL_WRITER: Kind(kill_writer, WRITER),
    Fault.KILL_WORKER: Kind(kill_worker, SERVICE),
    Fault.KILL_PARENT: Kind(kill_parent, SERVICE),
    Fault.SIGTERM: Kind(sigterm),
    Fault.TWO_REPLICAS: Kind(two_replicas, replicas=2),
    Fault.DUPLICATES: Kind(duplicates, twice=True),
    Fault.POSTGRES_KILL: Kind(postgres_kill, stores=POSTGRESQL),
    Fault.POSTGRES_RESTART: Kind(postgres_restart, stores=POSTGRESQL),
    Fault.POSTGRES_AWAY: Kind(postgres_away, stores=POSTGRESQL),
    Fault.SQLITE_LOCKED: Kind(sqlite_locked, stores=SQLITE),
    Fault.SQLITE_READ_ONLY: Kind(sqlite_read_only, stores=SQLITE, prefix=without_privilege),
    Fault.DISK_FULL: Kind(disk_full, stores=SQLITE, small_disk=True),
    # Under faketime with a true monotonic clock, time.sleep fails (EINVAL): the service cannot run.
    Fault.CLOCK_BACK: Kind(clock_back, WRITER, environment=environment),
}
