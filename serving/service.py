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
from serving.access.gate import open_gate
from serving.access.settings import AccessSettings
from serving.api.app import application
from serving.audit.checkpointer import Checkpointer
from serving.audit.opened import second_place
from serving.audit.settings import AuditSettings
from serving.audit.store import AuditUnavailableError
from serving.catalogue import served
from serving.companion import companions
from serving.engine import Engine, start
from serving.front import Whole
from serving.fronted import FrontedService
from serving.lifecycle import Lifecycle
from serving.observe.figures import Figures
from serving.observe.logs import configure
from serving.observe.metrics import Metrics
from serving.observe.settings import ObserveSettings
from serving.observe.traces import Traces
from serving.observe.watching import Watching
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
    logging={"access": {"enabled": False}},  # it tells paths; ours tells routes
)
@bentoml.asgi_app(whole, path="/")
class Triage:
    """Loads what answers need; requests go to the mounted application."""

    def __init__(self) -> None:
        """Load models, profiles, policy and audit, once, and record that this process serves."""
        follow()  # a worker ends with whoever started it, killed or not
        audit = AuditSettings()
        settings = ObserveSettings()
        configure(settings.log_level)
        engine = start(SETTINGS, lambda: datetime.now(UTC))
        self.checkpoints = checkpointer(SETTINGS.lake, engine, audit)
        self.traces = Traces.of(settings)
        classes = {name: entry.task.classes for name, entry in engine.tasks.items()}
        watching = Watching(Metrics(classes), self.traces, SETTINGS.access_log)
        engine = replace(engine, wrote=self.checkpoints.nudge, observe=watching)
        self.lifecycle = Lifecycle(engine, SETTINGS, audit)
        self.started = self.lifecycle.start()
        self.checkpoints.start()
        self.companions = companions(SETTINGS, engine)
        for companion in self.companions:
            companion.start()
        self.gate = open_gate(AccessSettings(), engine.audit, engine.pseudonyms, engine.clock)
        self.gate.start()
        app.state.gate = self.gate
        app.state.max_body_bytes = SETTINGS.max_body_bytes
        app.state.checkpoints = self.checkpoints
        app.state.watching = watching
        app.state.figures = Figures(engine, self.checkpoints, settings.figures_seconds)
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
        for gathering in (app.state.scoring, app.state.scoring_large):
            gathering.close(STOPPING_SECONDS)
        for companion in reversed(self.companions):
            companion.stop(STOPPING_SECONDS)
        try:
            self.lifecycle.stop(self.started)
        except AuditUnavailableError as error:
            LOG.warning("that the service stopped is not on record: %s", error)
        self.checkpoints.stop(LAST_CHECKPOINT_SECONDS)
        self.gate.stop(STOPPING_SECONDS)
        app.state.engine.audit.close()
        self.traces.stop()


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
