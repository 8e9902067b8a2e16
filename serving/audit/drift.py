"""Drift that the monitor found, on record and so told to whoever takes events; each once."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from typing import Any

from data.lake import Lake
from serving.audit.entry import Entry, EntryKind, drafted
from serving.audit.opened import open_audit
from serving.audit.store import TakenError
from serving.context import of_command

# What is found of the same days again is the same drift.
NAMES = uuid.UUID("b7f8f3e4-55a1-5d0c-9b1e-6f2f0c7a4d13")


def record_drift(lake: Lake, task: str, said: Mapping[str, Any], now: datetime) -> Entry | None:
    """Record that drift was found; None where the same is on record.

    said: advice, headline, since and until at least (ISO 8601).

    Raises:
        AuditUnavailableError: nothing was recorded.
    """
    named = str(uuid.uuid5(NAMES, json.dumps([task, *map(str, said.values())])))
    context = of_command("triage monitor").recorded()
    draft = drafted(
        EntryKind.DRIFT_DETECTED, said, context, now.isoformat(), id=named, about=task, task=task
    )
    with closing(open_audit(lake)) as store:
        try:
            return store.append([draft])[0]
        except TakenError:
            return None
