"""Look up what routes need: the loaded engine, and a recommendation that the caller may see."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Path
from starlette.requests import Request

from serving.audit.log.entry import Entry
from serving.auth.caller import Caller
from serving.http.problems import Problem, ProblemKind
from serving.pipeline.engine import Engine
from serving.recommendation.recommendation import Advice
from serving.review.service import ReviewService

ID_PATTERN = r"^[0-9A-Za-z._-]{1,64}$"
ID_REGEX = re.compile(ID_PATTERN)
Identifier = Annotated[
    str, Path(description="id of a recommendation", json_schema_extra={"pattern": ID_PATTERN})
]
RETRY_UNTIL_LOADED = 2


def loaded_engine(request: Request) -> Engine:
    """Return the engine of the process.

    Raises:
        Problem: 503 while it loads.
    """
    engine: Engine | None = request.app.state.engine
    if engine is None:
        raise _loading_problem()
    return engine


def loaded_review_service(request: Request) -> ReviewService:
    """The review service of the engine that answers.

    Raises:
        Problem: 503 while it loads.
    """
    review: ReviewService | None = getattr(request.app.state, "review", None)
    if review is None:
        raise _loading_problem()
    return review


def _loading_problem() -> Problem:
    return Problem(
        503,
        "the service is still loading",
        mend="try again in a few seconds",
        retry_after=RETRY_UNTIL_LOADED,
        kind=ProblemKind.LOADING,
    )


def find_recommendation(engine: Engine, identifier: str, caller: Caller) -> tuple[Entry, Advice]:
    """Return the entry of a recommendation, and the advice in it.

    Raises:
        Problem: 404 for an unknown id, and in the same words for a site that is not the caller's.
        PayloadErasedError: it was erased.
    """
    check_visible(engine, identifier, caller)
    read = engine.read(identifier)
    if read is None:
        raise recommendation_not_found(identifier)
    return read


def check_visible(engine: Engine, identifier: str, caller: Caller) -> None:
    """Refuse a recommendation of a site that the caller may not see.

    Checked before anything else: only the site's callers learn that an entry was erased.

    Raises:
        Problem: 404, in the words for an unknown id.
    """
    if not ID_REGEX.fullmatch(identifier):
        raise recommendation_not_found(identifier)
    if caller.sites is None:
        return
    entry = engine.audit.read(identifier)
    if entry is not None and not caller.sees(entry.envelope.site):
        raise recommendation_not_found(identifier)


def recommendation_not_found(identifier: str) -> Problem:
    """Return the 404 for an unknown id."""
    return Problem(404, f"there is no recommendation {identifier!r}")
