"""Access of training commands to the audit log and the rules, which belong to another room."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from data.lake import Lake
    from training.dataset.rule_findings import ServiceRules
    from training.monitor.run import AuditFrames
    from training.promotion.promote import AuditRecorder


@dataclass(frozen=True)
class ServingAccess:
    """Functions of the serving room. The command line, which knows both rooms, provides them.

    Attributes:
        model_change_recorder: returns the function that records a change of model in a lake; it
            can be sent to another process.
        record_drift: records what the monitor found of a task, unless it is recorded already.
        frames: reads the recommendations and decisions of a lake.
        rules: reads the policy and returns the rules that the service applies by it.
    """

    model_change_recorder: Callable[[Lake], AuditRecorder]
    record_drift: Callable[[Lake, str, Mapping[str, Any], datetime], object]
    frames: Callable[[Lake], AuditFrames]
    rules: Callable[[], ServiceRules]


def serving_access(context: typer.Context) -> ServingAccess:
    """Return the access that the command line put into the context of every command."""
    access = context.find_object(ServingAccess)
    assert access is not None, "the command line did not provide access to the serving room"
    return access
