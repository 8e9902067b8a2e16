"""What a problem's `type` leads to: what the kind means, and what to do about it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from serving.api.pages import PAGE_HEADERS
from serving.api.problem_kind import ADDRESS, ProblemKind
from serving.api.problem_meaning import MEANINGS
from serving.api.problems import Problem
from serving.desk.pages import environment

of_problems = APIRouter()


class Explained(BaseModel):
    """A kind of problem, explained."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(description="the `type` of such a problem")
    title: str
    statuses: tuple[int, ...] = Field(description="with which it is answered")
    means: str
    mend: str = Field(description="what to do about it")
    again: bool = Field(description="the same request may succeed later without a change to it")


class Problems(BaseModel):
    """Every kind of problem that the service answers with."""

    model_config = ConfigDict(frozen=True)

    problems: list[Explained]


HTML: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/html": {"schema": {"type": "string"}}}},
}


@of_problems.get(ADDRESS.rstrip("/"), response_model=Problems)
def problems() -> Response:
    """Every kind of problem, what it means and what to do about it."""
    return JSONResponse(Problems(problems=[explained(kind) for kind in ProblemKind]).model_dump())


@of_problems.get(f"{ADDRESS}{{kind}}", response_model=Explained, responses=HTML)
def problem(request: Request, kind: str) -> Response:
    """What a kind of problem means and what to do about it; as a page to a browser."""
    if kind not in set(ProblemKind):
        raise Problem(404, f"there is no such kind; there are {', '.join(ProblemKind)}")
    told = explained(ProblemKind(kind))
    if "text/html" not in request.headers.get("accept", ""):
        return JSONResponse(told.model_dump())
    page = environment().get_template("problem.html").render(problem=told)
    return HTMLResponse(page, headers=PAGE_HEADERS)


def explained(kind: ProblemKind) -> Explained:
    """That kind as it is told."""
    meaning = MEANINGS[kind]
    return Explained(
        type=kind.type,
        title=meaning.title,
        statuses=meaning.statuses,
        means=meaning.means,
        mend=meaning.mend,
        again=meaning.again,
    )
