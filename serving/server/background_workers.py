"""Background workers that run beside the engine in every worker process.

Delivery of events to the webhook, ingestion of received events, watching for promoted models,
scoring in shadow, and moving SQLite's write-ahead log.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from serving.audit.log.process_lock import process_lock
from serving.audit.log.wal_checkpoint import WalCheckpoint
from serving.events.dispatcher import Dispatcher
from serving.events.ingestion import is_refresh_due
from serving.events.outbox import Outbox
from serving.events.settings import EventSettings
from serving.events.webhook import Webhook
from serving.events.webhook_signature import read_secrets
from serving.model_registry.shadow import create_shadow_scorer
from serving.model_registry.watcher import create_model_watcher
from serving.pipeline.engine import Engine
from serving.runtime.periodic_worker import PeriodicWorker
from serving.runtime.settings import ServiceSettings

WEBHOOK_LOCK_NAME = "events"
INGESTION_POLL_SECONDS = 30.0
"""Often enough for profiles that count days; each ingestion writes a whole table."""
INGESTION_TIMEOUT_SECONDS = 3600.0
INGESTION_NICENESS = 10
WAL_CHECKPOINT_SECONDS = 0.5
"""Some megabytes are written meanwhile under full load, and otherwise next to nothing."""


class BackgroundWorker(Protocol):
    """Work on threads of its own, from the start of a process to its end."""

    def start(self) -> None:
        """Start the threads."""

    def stop(self, seconds: float) -> None:
        """Stop within so many seconds; unfinished work is done after the next start."""


def create_workers(settings: ServiceSettings, engine: Engine) -> list[BackgroundWorker]:
    """Create the workers that the settings ask for."""
    workers = [create(settings, engine) for create in WORKER_FACTORIES]
    return [worker for worker in workers if worker is not None]


def webhook_worker(_settings: ServiceSettings, engine: Engine) -> PeriodicWorker | None:
    """Create the worker that delivers events to the webhook; None if the settings name none.

    Events that were recorded before the first start are not delivered. Of several processes one
    delivers at a time.

    Raises:
        OSError, ValueError: settings that cannot be used.
        AuditUnavailableError: the audit log cannot be read.
    """
    settings = EventSettings().checked()
    if not settings.url:
        return None
    dispatcher = _create_dispatcher(settings, engine)
    dispatcher.outbox.begin()

    def step() -> bool:
        with process_lock(
            engine.audit.engine, WEBHOOK_LOCK_NAME, f"for {WEBHOOK_LOCK_NAME}"
        ) as is_locked:
            return is_locked and dispatcher.round()

    worker = PeriodicWorker("events", step, settings.poll_seconds)
    dispatcher = replace(dispatcher, stopping=worker.stopping.is_set)
    return worker


def _create_dispatcher(settings: EventSettings, engine: Engine) -> Dispatcher:
    assert settings.secret_file is not None
    secrets = read_secrets(settings.secret_file)
    return Dispatcher(
        outbox=Outbox(engine.audit),
        receiver=Webhook(settings.url, secrets, settings.timeout_seconds),
        types=settings.wanted,
        source=settings.source or f"/{engine.audit.head().origin}",
        address=engine.address,
        attempts=settings.attempts,
        clock=engine.clock,
        chance=random.SystemRandom().random,
    )


class IngestionError(RuntimeError):
    """The process that ingests received events failed; what it wrote is in the log."""


def ingestion_worker(settings: ServiceSettings, engine: Engine) -> PeriodicWorker:
    """Create the worker that ingests received events in a process of low priority."""
    lake = settings.lake

    def step() -> bool:
        if is_refresh_due(lake, engine.audit, engine.clock().date()):
            nice = ["nice", "-n", str(INGESTION_NICENESS)]
            done = subprocess.run(  # noqa: S603 - our own command
                [*nice, sys.executable, "-m", "serving.events.ingestion"],
                env=os.environ | lake.environment,
                timeout=INGESTION_TIMEOUT_SECONDS,
                check=False,
            )
            if done.returncode:
                raise IngestionError(
                    f"received events cannot be taken in (exit code {done.returncode})"
                )
        return False

    return PeriodicWorker("received events", step, INGESTION_POLL_SECONDS)


def wal_checkpoint_worker(_settings: ServiceSettings, engine: Engine) -> PeriodicWorker | None:
    """Create the worker that moves SQLite's write-ahead log; None for another database."""
    database = engine.audit.engine
    if database.dialect.name != "sqlite":
        return None
    wal = WalCheckpoint(database)

    def step() -> bool:
        wal.move()
        return False

    return PeriodicWorker("moving the write-ahead log", step, WAL_CHECKPOINT_SECONDS)


WORKER_FACTORIES: tuple[Callable[[ServiceSettings, Engine], BackgroundWorker | None], ...] = (
    webhook_worker,
    ingestion_worker,
    create_model_watcher,
    create_shadow_scorer,
    wal_checkpoint_worker,
)
"""One line a worker; a factory returns None if the settings do not want its worker."""
