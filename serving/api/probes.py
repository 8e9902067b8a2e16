"""Probes: whether the process is alive, and whether it can answer."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

from serving.api.callers import caller_of, known
from serving.api.loaded import engine_of
from serving.api.problems import Problem
from serving.audit.checkpointer import Checkpointer
from serving.audit.store import AuditUnavailableError
from serving.breaker import State
from serving.engine import Engine

UNTIL_READY = 5
PERIODS = 3
"""So many may pass without a checkpoint in the second place."""

probes = APIRouter()


@probes.head("/livez", include_in_schema=False)  # what load balancers ask by default
@probes.get("/livez")
def livez() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@probes.head("/readyz", include_in_schema=False)
@probes.get("/readyz")
def readyz(request: Request) -> dict[str, Any]:
    """Whether cases can be answered now and recorded; 503 with reasons if not.

    "degraded": they can, and something has to be mended. A task without a model, without
    history, or paused is answered by rules or with no score, and is not among `tasks`. Where no
    checkpoint has reached the second place for longer than three periods, answers are recorded
    and signed as ever, so callers are not turned away; but until it is mended, only what
    callers keep would show a record that was rewritten.
    """
    engine = engine_of(request)
    if reasons := _record(engine):
        told = "; ".join(f"{what}: {why}" for what, why in reasons.items())
        detail = told if known(request) else "not ready"
        mend = "see /readyz again once it is done"
        raise Problem(503, detail, mend=mend, retry_after=UNTIL_READY)
    tasks = [str(name) for name in engine.live.now.champions]
    checkpoints = degraded(getattr(request.app.state, "checkpoints", None))
    state = "degraded" if engine.degraded() | checkpoints else "ready"
    if not known(request):
        return {"status": state}
    # The state is the same for everybody; what another site is paused for is that site's.
    if reasons := engine.degraded(caller_of(request).sees) | checkpoints:
        return {"status": state, "tasks": tasks, "reasons": reasons}
    return {"status": state, "tasks": tasks}


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
        breaker = engine.audit.breaker
        if breaker is None or breaker.state is State.CLOSED:
            return {"record": str(error)}
        return {"record": f"{error} (breaker {breaker.state})"}
    return {}
