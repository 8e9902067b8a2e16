"""What routes look up: the engine that the service loaded, and a recommendation on record."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from starlette.requests import Request

from serving.api.problems import Problem
from serving.audit.entry import Entry
from serving.engine import Engine
from serving.recommendation import Advice

Identifier = Annotated[str, Path(max_length=64, description="id of a recommendation")]
UNTIL_LOADED = 2


def engine_of(request: Request) -> Engine:
    """The engine that the service loaded when it started.

    Raises:
        Problem: 503 while it loads.
    """
    engine: Engine | None = getattr(request.app.state, "engine", None)
    if engine is None:
        mend = "try again in a few seconds"
        raise Problem(503, "the service is still loading", mend=mend, retry_after=UNTIL_LOADED)
    return engine


def found(engine: Engine, identifier: str) -> tuple[Entry, Advice]:
    """A recommendation and its entry.

    Raises:
        Problem: 404 where there is none.
        ErasedError: it was erased.
    """
    read = engine.read(identifier)
    if read is None:
        raise no_recommendation(identifier)
    return read


def no_recommendation(identifier: str) -> Problem:
    """The 404 for an id that is none."""
    return Problem(404, f"there is no recommendation {identifier!r}")
