"""Background workers that run beside the engine in every worker process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from serving.audit.log.wal_checkpoint import WalCheckpoint
from serving.model_registry.shadow import create_shadow_scorer
from serving.model_registry.watcher import create_model_watcher
from serving.pipeline.engine import Engine
from serving.runtime.periodic_worker import PeriodicWorker
from serving.runtime.settings import ServiceSettings
from serving.server.profile_refresh import profile_refresh_worker
from serving.server.webhook_worker import webhook_worker

WAL_CHECKPOINT_SECONDS = 0.5
"""Some megabytes are written meanwhile under full load, and otherwise next to nothing."""


def wal_checkpoint_worker(settings: ServiceSettings, engine: Engine) -> PeriodicWorker | None:  # noqa: ARG001 - as every maker
    """It, where the record is in SQLite."""
    database = engine.audit.engine
    if database.dialect.name != "sqlite":
        return None
    wal = WalCheckpoint(database)

    def step() -> bool:
        wal.move()
        return False

    return PeriodicWorker("moving the write-ahead log", step, WAL_CHECKPOINT_SECONDS)


class BackgroundWorker(Protocol):
    """Work on threads of its own, from the start of a process to its end."""

    def start(self) -> None:
        """Begin."""

    def stop(self, seconds: float) -> None:
        """End within so many seconds; what is not done by then is done after the next start."""


WORKER_FACTORIES: tuple[Callable[[ServiceSettings, Engine], BackgroundWorker | None], ...] = (
    webhook_worker,
    profile_refresh_worker,
    create_model_watcher,
    create_shadow_scorer,
    wal_checkpoint_worker,
)
"""One line a companion; None where the settings do not want it."""


def create_workers(settings: ServiceSettings, engine: Engine) -> list[BackgroundWorker]:
    """Everything that runs beside the answers of that engine."""
    made = [make(settings, engine) for make in WORKER_FACTORIES]
    return [companion for companion in made if companion is not None]
