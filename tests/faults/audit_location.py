"""Location of a run's record: a SQLite file, or a database of the harness's cluster."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from serving.audit.transparency.checkpoint import open_checkpoint
from serving.audit.transparency.note import Verifier
from serving.audit.transparency.signing_key import SigningKey
from tests.faults.postgres import Cluster, cluster

MEGABYTES = 3


class StoreKind(StrEnum):
    """Kind of database that stores the record."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


class FaultUnavailableError(RuntimeError):
    """Error raised where this machine cannot produce a fault; the message says why."""


@dataclass
class AuditLocation:
    """Location of a record, with the settings that a writer or a service needs for it.

    folder: of the whole run. cluster: where the record is in one. megabytes: what a small
    disk has room for.
    """

    folder: Path
    store: StoreKind
    url: str
    cluster: Cluster | None = None
    megabytes: int = MEGABYTES
    environment: dict[str, str] = field(init=False)
    keys: dict[str, Verifier] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.environment = {"TRIAGE_HOME": str(self.lake), "TRIAGE_AUDIT_URL": self.url}

    @property
    def lake(self) -> Path:
        """Folder of the lake, with models, keys and checkpoints."""
        return self.folder / "lake"

    @property
    def record(self) -> Path:
        """Folder of the SQLite file."""
        return self.folder / "record"

    @property
    def file(self) -> Path:
        """The SQLite file."""
        return self.record / "audit.db"

    def read_note(self, note: str) -> tuple[str, int, bytes]:
        """Return origin, size and root of a note signed by the lake's key.

        Raises:
            ValueError: it has not.
        """
        checkpoint = open_checkpoint(note, self._keys(note.partition("\n")[0]))
        return checkpoint.origin, checkpoint.size, checkpoint.root

    def _keys(self, origin: str) -> list[Verifier]:
        if origin not in self.keys:
            key = SigningKey.load(self.lake / "audit.key")
            self.keys[origin] = Verifier.parse(key.verifier(origin))
        return [self.keys[origin]]

    def enlarge(self) -> None:
        """Make room on the small disk."""
        self.megabytes += MEGABYTES
        mount("-o", f"remount,size={self.megabytes}m", str(self.record))


@contextmanager
def audit_location(
    folder: Path, store: StoreKind, *, small_disk: bool = False
) -> Iterator[AuditLocation]:
    """Provide a record until the block ends; with `small_disk`, on a small tmpfs.

    Raises:
        NoPostgresError, NotHereError: this machine lacks what it takes.
    """
    (folder / "lake").mkdir(parents=True, exist_ok=True)
    if store is StoreKind.POSTGRESQL:
        with cluster(folder) as running:
            yield AuditLocation(folder, store, running.database("faults"), running)
        return
    location = AuditLocation(folder, store, f"sqlite:///{folder / 'record' / 'audit.db'}")
    location.record.mkdir()
    if not small_disk:
        yield location
        return
    if os.geteuid():
        raise FaultUnavailableError("a small disk is a tmpfs of its own, which only root can mount")
    mount("-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(location.record))
    try:
        yield location
    finally:
        subprocess.run(["umount", "-l", str(location.record)], check=True)


def mount(*arguments: str) -> None:
    """Run mount, and raise an error that says why if it fails."""
    try:
        subprocess.run(["mount", *arguments], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise FaultUnavailableError(f"mount: {getattr(error, 'stderr', error)}") from error
