"""What routes look up: the engine that the service loaded, and a recommendation on record."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Path
from starlette.requests import Request

from serving.api.problem_kind import ProblemKind
from serving.api.problems import Problem
from serving.audit.entry import Entry
from serving.caller import Caller
from serving.engine import Engine
from serving.recommendation import Advice

ID = r"^[0-9A-Za-z._-]{1,64}$"
NAMED = re.compile(ID)
Identifier = Annotated[
    str, Path(description="id of a recommendation", json_schema_extra={"pattern": ID})
]
UNTIL_LOADED = 2


def engine_of(request: Request) -> Engine:
    """The engine that the service loaded when it started.

    Raises:
        Problem: 503 while it loads.
    """
    engine: Engine | None = getattr(request.app.state, "engine", None)
    if engine is None:
        raise Problem(
            503,
            "the service is still loading",
            mend="try again in a few seconds",
            retry_after=UNTIL_LOADED,
            kind=ProblemKind.LOADING,
        )
    return engine


def found(engine: Engine, identifier: str, caller: Caller) -> tuple[Entry, Advice]:
    """A recommendation of a site that the caller sees, and its entry.

    Raises:
        Problem: 404 where there is none, or one of another site: nobody learns that it is there.
        ErasedError: it was erased.
    """
    only_seen(engine, identifier, caller)
    read = engine.read(identifier)
    if read is None:
        raise no_recommendation(identifier)
    return read


def only_seen(engine: Engine, identifier: str, caller: Caller) -> None:
    """Look first whether the caller sees the site: that an entry was erased is told only then.

    Raises:
        Problem: 404, as for an id that is none.
    """
    if not NAMED.fullmatch(identifier):
        raise no_recommendation(identifier)
    if caller.sites is None:
        return
    entry = engine.audit.read(identifier)
    if entry is not None and not caller.sees(entry.envelope.site):
        raise no_recommendation(identifier)


def no_recommendation(identifier: str) -> Problem:
    """The 404 for an id that is none."""
    return Problem(404, f"there is no recommendation {identifier!r}")
