"""Probes: whether the process is alive, and whether it can answer."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

from serving.api.loaded import engine_of
from serving.api.problems import Problem
from serving.audit.store import AuditUnavailableError
from serving.engine import Engine

UNTIL_READY = 5

probes = APIRouter()


@probes.get("/livez")
def livez() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@probes.get("/readyz")
def readyz(request: Request) -> dict[str, Any]:
    """Whether every task can be answered now; 503 with reasons if not."""
    engine = engine_of(request)
    if reasons := engine.not_ready() | _record(engine):
        detail = "; ".join(f"{what}: {why}" for what, why in reasons.items())
        mend = "see /readyz again once it is done"
        raise Problem(503, detail, mend=mend, retry_after=UNTIL_READY)
    return {"status": "ready", "tasks": [str(name) for name in engine.champions]}


def _record(engine: Engine) -> dict[str, str]:
    """Why nothing can be recorded now, and so nothing answered."""
    try:
        engine.audit.check()
    except AuditUnavailableError as error:
        return {"record": str(error)}
    return {}
