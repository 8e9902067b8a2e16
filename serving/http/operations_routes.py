"""Routes for operators: liveness, readiness with reasons, and Prometheus metrics."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from serving.audit.checkpointer import Checkpointer
from serving.audit.log.errors import AuditUnavailableError
from serving.auth.caller import AccessScope
from serving.http.authentication import caller_of, is_authenticated, require_scope
from serving.http.lookups import loaded_engine
from serving.http.problems import Problem
from serving.pipeline.engine import Engine
from serving.runtime.circuit_breaker import CircuitState

PROMETHEUS_MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

metrics_router = APIRouter()


@metrics_router.get("/metrics", include_in_schema=False)
def scrape(request: Request) -> Response:
    """Counts of every process of the service, and figures of the record.

    Raises:
        Problem: 401 or 403 without the scope `metrics_router`, 503 while the service loads.
    """
    require_scope(request, AccessScope.METRICS)
    loaded_engine(request)
    state = request.app.state
    content: bytes = state.telemetry.text(state.gauges)
    return Response(
        content, media_type=PROMETHEUS_MEDIA_TYPE, headers={"Cache-Control": "no-store"}
    )


RETRY_UNTIL_READY = 5
MAX_MISSED_PERIODS = 3
"""Periods that may pass without a checkpoint in the mirror."""

probe_router = APIRouter()


@probe_router.head("/livez", include_in_schema=False)  # what load balancers ask by default
@probe_router.get("/livez")
def livez() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@probe_router.head("/readyz", include_in_schema=False)
@probe_router.get("/readyz")
def readyz(request: Request) -> dict[str, Any]:
    """Whether cases can be answered now and recorded; 503 with reasons if not.

    "degraded": they can, and something has to be mended. A task without a model, without
    history, or paused is answered by rules or with no score, and is not among `tasks`. Where no
    checkpoint has reached the second place for longer than three periods, answers are recorded
    and signed as ever, so callers are not turned away; but until it is mended, only what
    callers keep would show a record that was rewritten.
    """
    engine = loaded_engine(request)
    if reasons := _audit_failures(engine):
        listed = "; ".join(f"{part}: {why}" for part, why in reasons.items())
        detail = listed if is_authenticated(request) else "not ready"
        mend = "see /readyz again once it is done"
        raise Problem(503, detail, mend=mend, retry_after=RETRY_UNTIL_READY)
    tasks = [str(name) for name in engine.models.current.champions]
    checkpoints = checkpoint_failures(request.app.state.checkpoints)
    state = "degraded" if engine.degraded() | checkpoints else "ready"
    if not is_authenticated(request):
        return {"status": state}
    # The state is the same for everybody; why another site is paused is that site's own business.
    if reasons := engine.degraded(caller_of(request).sees) | checkpoints:
        return {"status": state, "tasks": tasks, "reasons": reasons}
    return {"status": state, "tasks": tasks}


def checkpoint_failures(checkpoints: Checkpointer | None) -> dict[str, str]:
    """Return failures of checkpoints: the service answers, but somebody has to mend them."""
    if checkpoints is None or not checkpoints.failing:
        return {}
    seconds = time.monotonic() - checkpoints.failing_since
    if seconds <= MAX_MISSED_PERIODS * checkpoints.every_seconds:
        return {}
    return {"checkpoints": f"none could be written for {seconds:.0f} s: {checkpoints.failing}"}


def _audit_failures(engine: Engine) -> dict[str, str]:
    """Return why nothing can be recorded now, and so nothing answered."""
    try:
        engine.audit.check()
    except AuditUnavailableError as error:
        breaker = engine.audit.breaker
        if breaker is None or breaker.state is CircuitState.CLOSED:
            return {"record": str(error)}
        return {"record": f"{error} (breaker {breaker.state})"}
    return {}
