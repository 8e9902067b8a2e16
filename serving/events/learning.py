"""Learning: what was received becomes part of the past, beside the answers and off their path."""

from __future__ import annotations

import os
import subprocess
import sys

from serving.engine import Engine
from serving.events.refreshing import due
from serving.settings import Settings
from serving.work import Work

EVERY_SECONDS = 30.0
"""A table is written as a whole: often enough for a past that counts days."""
LONGEST_SECONDS = 3600.0
NICE = 10


class RefreshError(RuntimeError):
    """The process that refreshes failed; what it wrote is in the log."""


def learning(settings: Settings, engine: Engine) -> Work:
    """What looks for received events, and has a process of its own take them in."""
    lake = settings.lake

    def step() -> bool:
        if not due(lake, engine.audit, engine.clock().date()):
            return False
        command = ["nice", "-n", str(NICE), sys.executable, "-m", "serving.events.refreshing"]
        environment = os.environ | lake.environment
        done = subprocess.run(  # noqa: S603 - our own command
            command, env=environment, timeout=LONGEST_SECONDS, check=False
        )
        if done.returncode:
            raise RefreshError(f"received events cannot be taken in (exit code {done.returncode})")
        return False

    return Work("received events", step, EVERY_SECONDS)
