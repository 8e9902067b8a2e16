"""Who asks, under which trace and with which Idempotency-Key: from headers to what is recorded."""

from __future__ import annotations

import re
from dataclasses import dataclass

from starlette.requests import Request

from serving.api.callers import caller_of
from serving.api.problems import Problem
from serving.api.tracing import trace_of
from serving.audit.group import Key
from serving.context import Context
from serving.engine import Engine

IDEMPOTENCY_KEY = "idempotency-key"
LONGEST = 255
VISIBLE = re.compile(rf"[\x21-\x7e]{{1,{LONGEST}}}")
ESCAPED = re.compile(r'\\(["\\])')
TAKES = f"1 to {LONGEST} visible ASCII characters, e.g. a UUID, new for each thing to be done once"


@dataclass(frozen=True)
class Asking:
    """The circumstances of one request, and its key if it has one."""

    context: Context
    key: Key | None


def asking(request: Request, engine: Engine, operation: str, body: bytes) -> Asking:
    """The circumstances of a request. operation: what it asks for.

    The digest of the body is keyed: it is kept for days, and the body may hold a name that
    could be tried until the digest fits.

    Raises:
        Problem: 400 for an Idempotency-Key that is none.
    """
    given = given_key(request)
    context = context_of(request, engine.code, given)
    if given is None:
        return Asking(context, None)
    digest = engine.pseudonyms.digest(body)
    return Asking(context, Key(context.caller, given, operation, digest))


def context_of(request: Request, code: str, key: str | None = None) -> Context:
    """Who asks and under which trace. code: version of what answers. key: as the caller gave it."""
    return Context(trace_of(request.scope), caller_of(request).name, key, code)


def given_key(request: Request) -> str | None:
    """The request's Idempotency-Key, with or without the quotes of a structured field.

    Raises:
        Problem: 400 for one that cannot be read, or several.
    """
    match request.headers.getlist(IDEMPOTENCY_KEY):
        case []:
            return None
        case [one]:
            return _key(one)
        case several:
            raise _unusable(f"{len(several)} of them")


def _key(header: str) -> str:
    text = header.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = ESCAPED.sub(r"\1", text[1:-1])
    if not VISIBLE.fullmatch(text):
        raise _unusable(ascii(header[:LONGEST]))
    return text


def _unusable(got: str) -> Problem:
    return Problem(
        400,
        "the Idempotency-Key cannot be used; nothing was done",
        [{"field": "Idempotency-Key", "got": got, "takes": TAKES}],
    )
