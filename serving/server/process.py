"""One worker process.

Build engine, telemetry, authenticator and background workers, and shut them down in order.
"""

from __future__ import annotations

import gc
import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from data.lake import Lake
from serving.audit.checkpointer import Checkpointer
from serving.audit.factory import open_checkpoint_mirror
from serving.audit.log.entry import Entry
from serving.audit.log.errors import AuditUnavailableError
from serving.audit.settings import AuditSettings
from serving.auth.authenticator import Authenticator, create_authenticator
from serving.auth.settings import AuthSettings
from serving.http.app import create_app
from serving.pipeline.engine import Engine, load_engine
from serving.runtime.settings import ServiceSettings
from serving.server.asgi import InFlightTracker
from serving.server.background_workers import BackgroundWorker, create_workers
from serving.server.lifecycle_log import LifecycleLog
from serving.server.lifeline import exit_with_parent
from serving.server.logging_config import configure_logging
from serving.server.operational_gauges import OperationalGauges
from serving.tasks.catalogue import served_tasks
from serving.telemetry.metrics import Metrics
from serving.telemetry.service_telemetry import ServiceTelemetry
from serving.telemetry.settings import TelemetrySettings
from serving.telemetry.traces import Tracer

LOG = logging.getLogger("triage")
STOPPING_SECONDS = 5.0
LAST_CHECKPOINT_SECONDS = 5.0

app = create_app(served_tasks())
tracked_app = InFlightTracker(app)
"""The application as it is mounted; it answers that it loads until a process has started."""


@dataclass(frozen=True)
class Process:
    """What was started, to be ended again. started: the entry that says so."""

    checkpoints: Checkpointer
    companions: list[BackgroundWorker]
    gate: Authenticator
    lifecycle: LifecycleLog
    started: Entry
    traces: Tracer

    @classmethod
    def begun(cls, settings: ServiceSettings) -> Process:
        """Load models, profiles, policy and audit, once, and record that this process serves.

        Raises:
            AuditUnavailableError: without a record there is no service.
            ValueError: settings or a policy that cannot be used.
        """
        exit_with_parent()  # a worker ends with whoever started it, killed or not
        audit, watched = AuditSettings(), TelemetrySettings()
        configure_logging(watched.log_level)
        engine = load_engine(settings, lambda: datetime.now(UTC))
        checkpoints = build_checkpointer(settings.lake, engine, audit)
        traces = Tracer.of(watched)
        classes = {name: entry.task.classes for name, entry in engine.tasks.items()}
        watching = ServiceTelemetry(Metrics(classes), traces, settings.access_log)
        engine = replace(engine, on_commit=checkpoints.nudge, observe=watching)
        lifecycle = LifecycleLog(engine, settings, audit)
        started = lifecycle.start()
        checkpoints.start()
        beside = create_workers(settings, engine)
        for companion in beside:
            companion.start()
        gate = create_authenticator(AuthSettings(), engine.audit, engine.pseudonyms, engine.clock)
        gate.start()
        _publish_state(
            gate=gate,
            max_body_bytes=settings.max_body_bytes,
            checkpoints=checkpoints,
            watching=watching,
            figures=OperationalGauges(engine, checkpoints, watched.figures_seconds),
            engine=engine,
        )
        gc.collect()
        gc.freeze()  # what was loaded lives as long as the process: never look at it again
        return cls(checkpoints, beside, gate, lifecycle, started, traces)

    async def end(self) -> None:
        """Finish what was accepted, record the end, and let go of the record."""
        if not await tracked_app.wait_until_idle(STOPPING_SECONDS):
            LOG.warning("stopped while %d requests were worked on", tracked_app.working)
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


def _publish_state(**state: Any) -> None:
    """Let the application answer, with these."""
    for name, value in state.items():
        setattr(app.state, name, value)


def build_checkpointer(lake: Lake, engine: Engine, settings: AuditSettings) -> Checkpointer:
    """What takes the record's checkpoints to the second place, as the settings say."""
    return Checkpointer(
        engine.audit,
        open_checkpoint_mirror(lake, settings),
        settings.every_entries,
        settings.every_seconds,
        engine.clock,
        settings.keys_kept_hours,
    )
