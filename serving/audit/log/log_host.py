"""The engine as background workers see it that record what they change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from serving.audit.log.store import AuditStore


class LogHost(Protocol):
    """Owner of the audit log, with what an entry of its own account needs."""

    @property
    def audit(self) -> AuditStore:
        """The audit log that every change is recorded in."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """Returns the time of day, with its time zone."""

    @property
    def code(self) -> str:
        """Version of the running code."""

    @property
    def on_commit(self) -> Callable[[int], None]:
        """Called with the number of entries after each commit."""
