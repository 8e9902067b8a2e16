"""The companion that moves SQLite's write-ahead log into its file."""

from __future__ import annotations

from serving.audit.wal import Wal
from serving.engine import Engine
from serving.settings import Settings
from serving.work import Work

EVERY_SECONDS = 0.5
"""Some megabytes are written meanwhile under full load, and otherwise next to nothing."""


def moving(settings: Settings, engine: Engine) -> Work | None:  # noqa: ARG001 - as every maker
    """It, where the record is in SQLite."""
    database = engine.audit.engine
    if database.dialect.name != "sqlite":
        return None
    wal = Wal(database)

    def step() -> bool:
        wal.move()
        return False

    return Work("moving the write-ahead log", step, EVERY_SECONDS)
