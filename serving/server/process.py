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
from serving.auth.authenticator import Authenticator, create_authenticator
from serving.http.app import create_app
from serving.http.middleware import InFlightTracker
from serving.pipeline.engine import Engine, load_engine
from serving.review.service import open_review_service
from serving.runtime.settings import AuditSettings, AuthSettings, ServiceSettings, TelemetrySettings
from serving.server.background_workers import BackgroundWorker, create_workers
from serving.server.lifecycle_log import LifecycleLog
from serving.server.logging_config import configure_logging
from serving.server.operational_gauges import OperationalGauges
from serving.server.supervisor import exit_with_parent
from serving.tasks.catalogue import SERVED_TASKS
from serving.telemetry.metrics import Metrics
from serving.telemetry.service_telemetry import ServiceTelemetry
from serving.telemetry.traces import Tracer

LOG = logging.getLogger("triage")
STOPPING_SECONDS = 5.0
LAST_CHECKPOINT_SECONDS = 5.0

app = create_app(SERVED_TASKS)
"""The application of this process; it answers that it loads until `Process.start` has returned."""


@dataclass(frozen=True)
class Process:
    """The running parts of a worker process.

    started: audit entry that records the start.
    """

    checkpointer: Checkpointer
    workers: list[BackgroundWorker]
    authenticator: Authenticator
    lifecycle: LifecycleLog
    started: Entry
    tracer: Tracer

    @classmethod
    def start(cls, settings: ServiceSettings) -> Process:
        """Load models, profiles, policy and audit log, and record that this process serves.

        Raises:
            AuditUnavailableError: nothing can be recorded, so nothing may be served.
            ValueError: settings or a policy that cannot be used.
        """
        exit_with_parent()
        audit_settings, telemetry_settings = AuditSettings(), TelemetrySettings()
        configure_logging(telemetry_settings.log_level)
        engine = load_engine(settings, lambda: datetime.now(UTC))
        checkpointer = build_checkpointer(settings.lake, engine, audit_settings)
        telemetry = _create_telemetry(settings, telemetry_settings, engine)
        engine = replace(engine, on_commit=checkpointer.nudge, observer=telemetry)
        lifecycle = LifecycleLog(engine, settings, audit_settings)
        started = lifecycle.start()
        checkpointer.start()
        workers = create_workers(settings, engine)
        for worker in workers:
            worker.start()
        authenticator = create_authenticator(
            AuthSettings(), engine.audit, engine.pseudonyms, engine.clock
        )
        authenticator.start()
        _publish_state(
            authenticator=authenticator,
            max_body_bytes=settings.max_body_bytes,
            timeout_seconds=settings.timeout_seconds,
            checkpoints=checkpointer,
            telemetry=telemetry,
            gauges=OperationalGauges(engine, checkpointer, telemetry_settings.figures_seconds),
            engine=engine,
            review=open_review_service(engine, settings.lake),
        )
        gc.collect()
        gc.freeze()  # what was loaded lives as long as the process: never look at it again
        return cls(checkpointer, workers, authenticator, lifecycle, started, telemetry.traces)

    async def stop(self) -> None:
        """Finish the accepted requests, record the stop, and close the audit log."""
        in_flight: InFlightTracker = app.state.in_flight
        if not await in_flight.wait_until_idle(STOPPING_SECONDS):
            LOG.warning("stopped while %d requests were worked on", in_flight.count)
        for batcher in (app.state.scoring, app.state.scoring_large):
            batcher.close(STOPPING_SECONDS)
        for worker in reversed(self.workers):
            worker.stop(STOPPING_SECONDS)
        try:
            self.lifecycle.stop(self.started)
        except AuditUnavailableError as error:
            LOG.warning("that the service stopped is not on record: %s", error)
        self.checkpointer.stop(LAST_CHECKPOINT_SECONDS)
        self.authenticator.stop(STOPPING_SECONDS)
        app.state.engine.audit.close()
        self.tracer.stop()


def _create_telemetry(
    settings: ServiceSettings, telemetry: TelemetrySettings, engine: Engine
) -> ServiceTelemetry:
    classes = {name: entry.task.classes for name, entry in engine.tasks.items()}
    return ServiceTelemetry(Metrics(classes), Tracer.of(telemetry), settings.access_log)


def _publish_state(**state: Any) -> None:
    """Set the state of the application; it answers from now on."""
    for name, value in state.items():
        setattr(app.state, name, value)


def build_checkpointer(lake: Lake, engine: Engine, settings: AuditSettings) -> Checkpointer:
    """Return the worker that copies the log's checkpoints to the mirror of the settings."""
    return Checkpointer(
        engine.audit,
        open_checkpoint_mirror(lake, settings),
        settings.every_entries,
        settings.every_seconds,
        engine.clock,
        settings.keys_kept_hours,
    )
