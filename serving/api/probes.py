"""Probes: whether the process is alive, and whether it can answer."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

from serving.api.loaded import engine_of
from serving.api.problems import Problem
from serving.audit.checkpointer import Checkpointer
from serving.audit.store import AuditUnavailableError
from serving.engine import Engine

UNTIL_READY = 5
PERIODS = 3
"""So many may pass without a checkpoint in the second place."""

probes = APIRouter()


@probes.get("/livez")
def livez() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@probes.get("/readyz")
def readyz(request: Request) -> dict[str, Any]:
    """Whether every task can be answered now; 503 with reasons if not.

    "degraded": it can, and no checkpoint has reached the second place for longer than three
    periods. Answers are recorded and signed as ever, so callers are not turned away; but until
    it is mended, only what callers keep would show a record that was rewritten.
    """
    engine = engine_of(request)
    if reasons := engine.not_ready() | _record(engine):
        detail = "; ".join(f"{what}: {why}" for what, why in reasons.items())
        mend = "see /readyz again once it is done"
        raise Problem(503, detail, mend=mend, retry_after=UNTIL_READY)
    tasks = [str(name) for name in engine.champions]
    if reasons := degraded(getattr(request.app.state, "checkpoints", None)):
        return {"status": "degraded", "tasks": tasks, "reasons": reasons}
    return {"status": "ready", "tasks": tasks}


def degraded(checkpoints: Checkpointer | None) -> dict[str, str]:
    """What does not keep the service from answering, and has to be mended all the same."""
    if checkpoints is None or not checkpoints.failing:
        return {}
    seconds = time.monotonic() - checkpoints.failing_since
    if seconds <= PERIODS * checkpoints.every_seconds:
        return {}
    return {"checkpoints": f"none could be written for {seconds:.0f} s: {checkpoints.failing}"}


def _record(engine: Engine) -> dict[str, str]:
    """Why nothing can be recorded now, and so nothing answered."""
    try:
        engine.audit.check()
    except AuditUnavailableError as error:
        return {"record": str(error)}
    return {}
