"""Background worker that starts the ingestion of received events in a low-priority process."""

from __future__ import annotations

import os
import subprocess
import sys

from serving.events.ingestion import is_refresh_due
from serving.pipeline.engine import Engine
from serving.runtime.periodic_worker import PeriodicWorker
from serving.runtime.settings import ServiceSettings

POLL_SECONDS = 30.0
"""A table is written as a whole: often enough for a past that counts days."""
TIMEOUT_SECONDS = 3600.0
NICENESS = 10


class ProfileRefreshError(RuntimeError):
    """The process that refreshes failed; what it wrote is in the log."""


def profile_refresh_worker(settings: ServiceSettings, engine: Engine) -> PeriodicWorker:
    """What looks for received events, and has a process of its own take them in."""
    lake = settings.lake

    def step() -> bool:
        if not is_refresh_due(lake, engine.audit, engine.clock().date()):
            return False
        command = ["nice", "-n", str(NICENESS), sys.executable, "-m", "serving.events.ingestion"]
        environment = os.environ | lake.environment
        done = subprocess.run(  # noqa: S603 - our own command
            command, env=environment, timeout=TIMEOUT_SECONDS, check=False
        )
        if done.returncode:
            raise ProfileRefreshError(
                f"received events cannot be taken in (exit code {done.returncode})"
            )
        return False

    return PeriodicWorker("received events", step, POLL_SECONDS)
