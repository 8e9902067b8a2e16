"""Routes of the audit log: inclusion proof of a recommendation, signed checkpoint, verifier key."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from serving.audit.verify.proof_creation import create_proof, current_checkpoint, verifier_key
from serving.auth.caller import AccessScope
from serving.http.authentication import require_scope
from serving.http.lookups import Identifier, check_visible, loaded_engine, recommendation_not_found
from serving.http.problems import Problem
from serving.pipeline.engine import Engine

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
