"""Where a run's record lies: a SQLite file in a folder, or a database of the harness's cluster."""

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
    """Database that keeps the record."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


class FaultUnavailableError(RuntimeError):
    """This machine cannot produce that fault; the message says why."""


@dataclass
class AuditLocation:
    """A record, and the settings that lead a writer or a service to it.

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
        """The lake: models, keys, checkpoints."""
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
        """Origin, size and root of a note that the lake's own key has signed.

        Raises:
            ValueError: it has not.
        """
        found = open_checkpoint(note, self._keys(note.partition("\n")[0]))
        return found.origin, found.size, found.root

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
    """A record that is there while the block runs. small_disk: on a tmpfs of a few megabytes.

    Raises:
        NoPostgresError, NotHereError: this machine lacks what it takes.
    """
    (folder / "lake").mkdir(parents=True, exist_ok=True)
    if store is StoreKind.POSTGRESQL:
        with cluster(folder) as running:
            yield AuditLocation(folder, store, running.database("faults"), running)
        return
    made = AuditLocation(folder, store, f"sqlite:///{folder / 'record' / 'audit.db'}")
    made.record.mkdir()
    if not small_disk:
        yield made
        return
    if os.geteuid():
        raise FaultUnavailableError("a small disk is a tmpfs of its own, which only root can mount")
    mount("-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(made.record))
    try:
        yield made
    finally:
        subprocess.run(["umount", "-l", str(made.record)], check=True)


def mount(*arguments: str) -> None:
    """Mount something, or say why not."""
    try:
        subprocess.run(["mount", *arguments], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise FaultUnavailableError(f"mount: {getattr(error, 'stderr', error)}") from error
