"""Background workers that run beside the engine in every worker process.

Delivery of events to the webhook, ingestion of received events, watching for promoted models,
watching for approved policies, scoring in shadow, and moving SQLite's write-ahead log.
"""

from __future__ import annotations

import logging
import os
import random
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from serving.audit.log.database import SQLITE_WAIT_SECONDS, writer_lock
from serving.audit.log.process_lock import process_lock
from serving.events.dispatcher import Dispatcher
from serving.events.ingestion import is_refresh_due
from serving.events.outbox import Outbox
from serving.events.settings import EventSettings
from serving.events.webhook import Webhook
from serving.events.webhook_signature import read_secrets
from serving.model_registry.shadow import create_shadow_scorer
from serving.model_registry.watcher import create_model_watcher
from serving.pipeline.engine import Engine
from serving.pipeline.policy_watcher import PolicyWatcher
from serving.runtime.settings import ServiceSettings, SwapSettings

LOG = logging.getLogger(__name__)


@dataclass
class PeriodicWorker:
    """Repeats a step on a thread of its own.

    A step that raises is repeated, too; the first of several failures in a row is logged.

    name: of the thread, for logs. step: returns whether the next round may follow at once.
    every_seconds: between two rounds otherwise.
    """

    name: str
    step: Callable[[], bool]
    every_seconds: float
    stopping: threading.Event = field(default_factory=threading.Event, init=False)
    failing: str = field(default="", init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Stop within so many seconds; unfinished work is done after the next start."""
        self.stopping.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self.stopping.is_set():
            if not self._try():
                self.stopping.wait(self.every_seconds)

    def _try(self) -> bool:
        try:
            more = self.step()
        except Exception as error:  # noqa: BLE001 - whatever it is, another round comes
            if not self.failing:
                LOG.warning("%s fails, and is tried again: %s", self.name, error)
            self.failing = str(error) or type(error).__name__
            return False
        if self.failing:
            LOG.warning("%s works again", self.name)
        self.failing = ""
        return more


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


def policy_worker(_settings: ServiceSettings, engine: Engine) -> PeriodicWorker:
    """Create the worker that takes newly approved policies."""
    watcher = PolicyWatcher(engine)

    def step() -> bool:
        watcher.look()
        return False

    return PeriodicWorker("taking the approved policy", step, SwapSettings().seconds)


WORKER_FACTORIES: tuple[Callable[[ServiceSettings, Engine], BackgroundWorker | None], ...] = (
    webhook_worker,
    ingestion_worker,
    create_model_watcher,
    policy_worker,
    create_shadow_scorer,
    wal_checkpoint_worker,
)
"""One line a worker; a factory returns None if the settings do not want its worker."""
