"""The BentoML service: mounts the application, loads the engine, translates nothing itself."""

from __future__ import annotations

import gc
import logging
import os
from dataclasses import replace
from datetime import UTC, datetime

import anyio.to_thread
import bentoml

from data.lake import Lake
from serving.api.app import application
from serving.audit.checkpointer import Checkpointer
from serving.audit.opened import second_place
from serving.audit.settings import AuditSettings
from serving.audit.store import AuditUnavailableError
from serving.catalogue import served
from serving.engine import Engine, start
from serving.front import FrontedService, Whole
from serving.lifecycle import Lifecycle
from serving.settings import Settings
from serving.supervised import follow

SETTINGS = Settings()

# BentoML reads these when it builds the application: neither reports home nor traces.
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
os.environ.setdefault("OTEL_SDK_DISABLED", "true")

LOG = logging.getLogger("triage")
STOPPING_SECONDS = 5.0
LAST_CHECKPOINT_SECONDS = 5.0

app = application(served())
whole = Whole(app)


@bentoml.service(
    name="triage",
    service_class=FrontedService,
    workers=SETTINGS.workers,
    threads=SETTINGS.threads,
    traffic={"timeout": SETTINGS.timeout_seconds},
    metrics={"enabled": False},
    logging={"access": {"enabled": SETTINGS.access_log}},
)
@bentoml.asgi_app(whole, path="/")
class Triage:
    """Loads what answers need; requests go to the mounted application."""

    def __init__(self) -> None:
        """Load models, profiles, policy and audit, once, and record that this process serves."""
        follow()  # a worker ends with whoever started it, killed or not
        audit = AuditSettings()
        engine = start(SETTINGS, lambda: datetime.now(UTC))
        self.checkpoints = checkpointer(SETTINGS.lake, engine, audit)
        engine = replace(engine, wrote=self.checkpoints.nudge)
        self.lifecycle = Lifecycle(engine, SETTINGS, audit)
        self.started = self.lifecycle.start()
        self.checkpoints.start()
        app.state.max_body_bytes = SETTINGS.max_body_bytes
        app.state.checkpoints = self.checkpoints
        app.state.engine = engine
        gc.collect()
        gc.freeze()  # what was loaded lives as long as the process: never look at it again

    @bentoml.on_startup  # type: ignore[untyped-decorator] # the framework is untyped
    async def limit_threads(self) -> None:
        """Work on so many requests at once; the others wait their turn."""
        anyio.to_thread.current_default_thread_limiter().total_tokens = SETTINGS.threads

    @bentoml.on_shutdown  # type: ignore[untyped-decorator] # the framework is untyped
    async def close(self) -> None:
        """Finish what was accepted, record the end, and let go of the record."""
        if not await whole.drained(STOPPING_SECONDS):
            LOG.warning("stopped while %d requests were worked on", whole.working)
        try:
            self.lifecycle.stop(self.started)
        except AuditUnavailableError as error:
            LOG.warning("that the service stopped is not on record: %s", error)
        self.checkpoints.stop(LAST_CHECKPOINT_SECONDS)
        app.state.engine.audit.close()


def checkpointer(lake: Lake, engine: Engine, settings: AuditSettings) -> Checkpointer:
    """What takes the record's checkpoints to the second place, as the settings say."""
    return Checkpointer(
        engine.audit,
        second_place(lake, settings),
        settings.every_entries,
        settings.every_seconds,
        engine.clock,
        settings.keys_kept_hours,
    )
