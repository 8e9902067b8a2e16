"""Routes for operators and auditors: probes, metrics, proofs of the record, and problem types."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from serving.audit.checkpointer import Checkpointer
from serving.audit.log.errors import AuditUnavailableError
from serving.audit.verify.proof_creation import create_proof, current_checkpoint, verifier_key
from serving.auth.caller import AccessScope
from serving.http.authentication import caller_of, is_authenticated, require_scope
from serving.http.lookups import Identifier, check_visible, loaded_engine, recommendation_not_found
from serving.http.problems import PROBLEM_EXPLANATIONS, PROBLEMS_PATH, Problem, ProblemKind
from serving.http.response_headers import PAGE_HEADERS
from serving.pipeline.engine import Engine
from serving.review.page_templates import template_environment
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
    """Explain a kind of problem and what to do about it; as a page to a browser."""
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


TEXT_RESPONSE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "The text"}
}

audit_router = APIRouter()


@audit_router.get("/v1/recommendations/{identifier}/proof")
def proof(request: Request, identifier: Identifier) -> Response:
    """Proof that a recommendation is in the record, as it was answered.

    `triage audit check FILE` checks it on another machine, with no record at hand: the entry,
    an inclusion proof (RFC 9162), and a signed checkpoint that covers it. Of an entry whose
    content was erased it proves that it was there, and no more.
    """
    caller = require_scope(request, AccessScope.READ_AUDIT)
    engine = loaded_engine(request)
    check_visible(engine, identifier, caller)
    entry = engine.audit.read(identifier)
    if entry is None or not entry.answers:
        raise recommendation_not_found(identifier)
    _require_signed(engine)
    return JSONResponse(create_proof(engine.audit, identifier))


@audit_router.get("/v1/audit/checkpoint", response_class=PlainTextResponse, responses=TEXT_RESPONSE)
def checkpoint(request: Request) -> Response:
    """The state of the record now, signed: a C2SP tlog-checkpoint to keep and to compare."""
    require_scope(request, AccessScope.READ_AUDIT)
    engine = loaded_engine(request)
    _require_signed(engine)
    return PlainTextResponse(current_checkpoint(engine.audit))


@audit_router.get("/v1/audit/key", response_class=PlainTextResponse, responses=TEXT_RESPONSE)
def key(request: Request) -> Response:
    """The key that verifies the checkpoints of this record (C2SP signed-note verifier key).

    Get it once, over a way that you trust, and keep it: what names its own key proves nothing.
    """
    require_scope(request, AccessScope.READ_AUDIT)
    return PlainTextResponse(_require_signed(loaded_engine(request)) + "\n")


def _require_signed(engine: Engine) -> str:
    """The verifier key of the record, or a 404 where nothing is signed."""
    verifier = verifier_key(engine.audit)
    if not verifier:
        raise Problem(404, "this record is not signed", mend="open it with a signing key")
    return verifier
