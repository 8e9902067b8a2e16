"""Logs written as files, copied, tampered with and verified."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from serving.audit.log.database import open_engine, sqlite_url
from serving.audit.log.store import AuditStore
from serving.audit.transparency.checkpoint_mirror import CheckpointMirror
from serving.audit.transparency.note import Verifier
from serving.audit.verify.verdict import Verdict
from serving.audit.verify.verification import verify_log
from tests.tampering import rows
from tests.tampering.attack import Attack
from tests.tampering.log import Log
from tests.tampering.scene import Expected, Scene

DATABASE, MIRROR_FOLDER = "audit.db", "second-place"


def write_log(log: Log, folder: Path) -> None:
    """Write a log as a SQLite file and a checkpoint mirror."""
    store = AuditStore.open(folder / DATABASE)
    rows.put(store, log.tables)
    store.close()
    with closing(sqlite3.connect(folder / DATABASE)) as db:
        db.execute("PRAGMA journal_mode=DELETE")  # one file, that can be copied
    write_mirror(log, folder)


def write_mirror(log: Log, folder: Path) -> None:
    """Write only the checkpoint mirror."""
    for name, content in log.files.items():
        file = folder / MIRROR_FOLDER / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


@dataclass(frozen=True)
class TamperedCopy:
    """A copy of a log in a folder of its own."""

    log: Log
    folder: Path

    def tamper(self, attack: Attack, rng: random.Random) -> Expected:
        """Carry out an attack and return what verification must find."""
        with closing(sqlite3.connect(self.folder / DATABASE)) as db:
            db.execute("PRAGMA synchronous=OFF")
            scene = Scene(self.log, db, self.folder / MIRROR_FOLDER, rng)
            db.execute("BEGIN")
            expected = attack.tamper(scene)
            db.execute("COMMIT")
        return expected

    def verify(self, *, trusted: bool = False) -> Verdict:
        """Verify the copy; with `trusted`, against the last caller's checkpoint too."""
        store = AuditStore(open_engine(sqlite_url(self.folder / DATABASE)), "default", None)
        try:
            return verify_log(
                store,
                keys=[Verifier.parse(self.log.vkey)],
                second_place=CheckpointMirror.open(self.folder / MIRROR_FOLDER),
                trusted=self.log.note if trusted else None,
                workers=1,
            )
        finally:
            store.close()


@contextmanager
def fresh_copy(log: Log, template: Path, folder: Path) -> Iterator[TamperedCopy]:
    """Copy the log in `template` for the duration of the block."""
    shutil.copytree(template, folder)
    try:
        yield TamperedCopy(log, folder)
    finally:
        shutil.rmtree(folder)
