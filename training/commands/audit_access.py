"""Access of training commands to the audit log, which belongs to another room."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from data.lake import Lake
    from training.monitor.run import AuditFrames
    from training.promotion.promote import AuditRecorder


@dataclass(frozen=True)
class AuditAccess:
    """Functions of the audit log. The command line, which knows both rooms, provides them.

    Attributes:
        model_change_recorder: returns the function that records a change of model in a lake; it
            can be sent to another process.
        record_drift: records what the monitor found of a task, unless it is recorded already.
        frames: reads the recommendations and decisions of a lake.
    """

    model_change_recorder: Callable[[Lake], AuditRecorder]
    record_drift: Callable[[Lake, str, Mapping[str, Any], datetime], object]
    frames: Callable[[Lake], AuditFrames]


def audit_access(context: typer.Context) -> AuditAccess:
    """Return the access that the command line put into the context of every command."""
    access = context.find_object(AuditAccess)
    assert access is not None, "the command line did not provide access to the audit log"
    return access
