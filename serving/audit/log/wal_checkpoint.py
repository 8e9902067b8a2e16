"""Checkpoint SQLite's write-ahead log in the background instead of in a writer's commit.

Left to itself SQLite checkpoints in the commit that exceeds the limit, and that one waits until
thousands of pages are copied (https://sqlite.org/wal.html, section 3.1).
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
    """Checkpoints the write-ahead log of a SQLite file; several processes may do so in turn."""

    engine: sa.Engine
    _seen: int = field(default=0, init=False)

    @property
    def path(self) -> Path:
        """The write-ahead log's file, which need not exist."""
        return Path(f"{self.engine.url.database}-wal")

    def move(self) -> bool:
        """Copy the pages that were written since the last time into the database file.

        The first pass copies nearly all of them while others write. The second one holds the
        write lock: otherwise pages would always be left, and the log would grow for ever. The log
        keeps its length, because overwriting it costs less than extending it.

        Returns:
            Whether all pages were copied, so that the next writer starts the log anew.

        Raises:
            sqlite3.Error, OSError, TimeoutError: the pages were not copied.
        """
        if not self.path.exists() or (at := self.path.stat().st_mtime_ns) == self._seen:
            return False
        with closing(self._connect()) as connection:
            _run_passive_checkpoint(connection)
            with writer_lock(self.engine):
                done = _run_passive_checkpoint(connection)
        self._seen = at if done else 0
        return done

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(
            str(self.engine.url.database), SQLITE_WAIT_SECONDS, isolation_level=None
        )


def _run_passive_checkpoint(connection: sqlite3.Connection) -> bool:
    """Copy the pages that no reader needs in their old state; return whether none is left."""
    busy, pages, copied = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return not busy and bool(pages == copied)
