"""Checkpoint SQLite's write-ahead log in the background instead of in a writer's commit.

Left to itself SQLite moves it in whichever commit makes it long, and that one waits for thousands
of pages (https://sqlite.org/wal.html, section 3.1).
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from serving.audit.log.database import SQLITE_WAIT_SECONDS, writer_lock


@dataclass
class WalCheckpoint:
    """The log beside a SQLite file. Several processes may move it: they take turns."""

    engine: sa.Engine
    _seen: int = field(default=0, init=False)

    @property
    def path(self) -> Path:
        """Where it is, if it is there."""
        return Path(f"{self.engine.url.database}-wal")

    def move(self) -> bool:
        """Move what was written since the last time; whether whoever writes next begins it anew.

        Nearly all of it while others write. What they wrote meanwhile in a turn of our own, or
        there would always be something left, and it would grow for ever. The file keeps its
        length, for writing over what is there costs less than making it longer.

        Raises:
            sqlite3.Error, OSError, TimeoutError: it was not moved.
        """
        if not self.path.exists() or (at := self.path.stat().st_mtime_ns) == self._seen:
            return False
        with closing(self._connected()) as connection:
            _run_passive_checkpoint(connection)
            with writer_lock(self.engine):
                done = _run_passive_checkpoint(connection)
        self._seen = at if done else 0
        return done

    def _connected(self) -> sqlite3.Connection:
        return sqlite3.connect(
            str(self.engine.url.database), SQLITE_WAIT_SECONDS, isolation_level=None
        )


def _run_passive_checkpoint(connection: sqlite3.Connection) -> bool:
    """Whether all that is in the log is in the file now, as far as no reader needs the old."""
    busy, there, moved = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return not busy and bool(there == moved)
