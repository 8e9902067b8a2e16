"""GET /problems: what each kind of problem means and what to do about it, as JSON or as a page."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from serving.http.problems import PROBLEM_EXPLANATIONS, PROBLEMS_PATH, Problem, ProblemKind
from serving.http.response_headers import PAGE_HEADERS
from serving.review.page_templates import template_environment

problem_router = APIRouter()


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


HTML_RESPONSE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/html": {"schema": {"type": "string"}}}},
}


@problem_router.get(PROBLEMS_PATH.rstrip("/"), response_model=Problems)
def problems() -> Response:
    """Every kind of problem, what it means and what to do about it."""
    return JSONResponse(
        Problems(problems=[explanation_of(kind) for kind in ProblemKind]).model_dump()
    )


@problem_router.get(f"{PROBLEMS_PATH}{{kind}}", response_model=Explained, responses=HTML_RESPONSE)
def problem(request: Request, kind: str) -> Response:
    """What a kind of problem means and what to do about it; as a page to a browser."""
    if kind not in set(ProblemKind):
        raise Problem(404, f"there is no such kind; there are {', '.join(ProblemKind)}")
    explained = explanation_of(ProblemKind(kind))
    if "text/html" not in request.headers.get("accept", ""):
        return JSONResponse(explained.model_dump())
    page = template_environment().get_template("problem.html").render(problem=explained)
    return HTMLResponse(page, headers=PAGE_HEADERS)


def explanation_of(kind: ProblemKind) -> Explained:
    """Return the explanation of a kind of problem."""
    meaning = PROBLEM_EXPLANATIONS[kind]
    return Explained(
        type=kind.type,
        title=meaning.title,
        statuses=meaning.statuses,
        means=meaning.means,
        mend=meaning.mend,
        again=meaning.again,
    )
