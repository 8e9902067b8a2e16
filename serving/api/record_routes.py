"""What a caller may ask of the record itself: proofs, the signed state, the key that signs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from serving.api.callers import require
from serving.api.loaded import Identifier, engine_of, no_recommendation, only_seen
from serving.api.problems import Problem
from serving.audit.verify.proving import proof_of
from serving.caller import Scope
from serving.engine import Engine

NOTE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "The text"}
}

of_record = APIRouter()


@of_record.get("/v1/recommendations/{identifier}/proof")
def proof(request: Request, identifier: Identifier) -> Response:
    """Proof that a recommendation is in the record, as it was answered.

    `triage audit check FILE` checks it on another machine, with no record at hand: the entry,
    an inclusion proof (RFC 9162), and a signed checkpoint that covers it. Of an entry whose
    content was erased it proves that it was there, and no more.
    """
    caller = require(request, Scope.READ_AUDIT)
    engine = engine_of(request)
    only_seen(engine, identifier, caller)
    entry = engine.audit.read(identifier)
    if entry is None or not entry.answers:
        raise no_recommendation(identifier)
    _signed(engine)
    return JSONResponse(proof_of(engine.audit, identifier))


@of_record.get("/v1/audit/checkpoint", response_class=PlainTextResponse, responses=NOTE)
def checkpoint(request: Request) -> Response:
    """The state of the record now, signed: a C2SP tlog-checkpoint to keep and to compare."""
    require(request, Scope.READ_AUDIT)
    engine = engine_of(request)
    _signed(engine)
    return PlainTextResponse(engine.checkpoint())


@of_record.get("/v1/audit/key", response_class=PlainTextResponse, responses=NOTE)
def key(request: Request) -> Response:
    """The key that verifies the checkpoints of this record (C2SP signed-note verifier key).

    Get it once, over a way that you trust, and keep it: what names its own key proves nothing.
    """
    require(request, Scope.READ_AUDIT)
    return PlainTextResponse(_signed(engine_of(request)) + "\n")


def _signed(engine: Engine) -> str:
    """The verifier key of the record, or a 404 where nothing is signed."""
    verifier = engine.verifier()
    if not verifier:
        raise Problem(404, "this record is not signed", mend="open it with a signing key")
    return verifier
