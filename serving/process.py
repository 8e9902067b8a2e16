"""One process of the service: all that answers, and what runs beside it, from start to end."""

from __future__ import annotations

import gc
import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from data.lake import Lake
from serving.access.gate import Gate, open_gate
from serving.access.settings import AccessSettings
from serving.api.app import application
from serving.audit.checkpointer import Checkpointer
from serving.audit.entry import Entry
from serving.audit.opened import second_place
from serving.audit.settings import AuditSettings
from serving.audit.store import AuditUnavailableError
from serving.catalogue import served
from serving.companion import Companion, companions
from serving.engine import Engine, start
from serving.front import Whole
from serving.lifecycle import Lifecycle
from serving.observe.figures import Figures
from serving.observe.logs import configure
from serving.observe.metrics import Metrics
from serving.observe.settings import ObserveSettings
from serving.observe.traces import Traces
from serving.observe.watching import Watching
from serving.settings import Settings
from serving.supervised import follow

LOG = logging.getLogger("triage")
STOPPING_SECONDS = 5.0
LAST_CHECKPOINT_SECONDS = 5.0

app = application(served())
whole = Whole(app)
"""The application as it is mounted; it answers that it loads until a process has started."""


@dataclass(frozen=True)
class Process:
    """What was started, to be ended again. started: the entry that says so."""

    checkpoints: Checkpointer
    companions: list[Companion]
    gate: Gate
    lifecycle: Lifecycle
    started: Entry
    traces: Traces

    @classmethod
    def begun(cls, settings: Settings) -> Process:
        """Load models, profiles, policy and audit, once, and record that this process serves.

        Raises:
            AuditUnavailableError: without a record there is no service.
            ValueError: settings or a policy that cannot be used.
        """
        follow()  # a worker ends with whoever started it, killed or not
        audit, watched = AuditSettings(), ObserveSettings()
        configure(watched.log_level)
        engine = start(settings, lambda: datetime.now(UTC))
        checkpoints = checkpointer(settings.lake, engine, audit)
        traces = Traces.of(watched)
        classes = {name: entry.task.classes for name, entry in engine.tasks.items()}
        watching = Watching(Metrics(classes), traces, settings.access_log)
        engine = replace(engine, wrote=checkpoints.nudge, observe=watching)
        lifecycle = Lifecycle(engine, settings, audit)
        started = lifecycle.start()
        checkpoints.start()
        beside = companions(settings, engine)
        for companion in beside:
            companion.start()
        gate = open_gate(AccessSettings(), engine.audit, engine.pseudonyms, engine.clock)
        gate.start()
        _open(
            gate=gate,
            max_body_bytes=settings.max_body_bytes,
            checkpoints=checkpoints,
            watching=watching,
            figures=Figures(engine, checkpoints, watched.figures_seconds),
            engine=engine,
        )
        gc.collect()
        gc.freeze()  # what was loaded lives as long as the process: never look at it again
        return cls(checkpoints, beside, gate, lifecycle, started, traces)

    async def end(self) -> None:
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


def _open(**state: Any) -> None:
    """Let the application answer, with these."""
    for name, value in state.items():
        setattr(app.state, name, value)


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
