"""Idempotency-Key of a request and the replayed reply.

From headers to request context and key, and back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from serving.audit.log.group_commit import IdempotencyKey
from serving.http.authentication import caller_of
from serving.http.problems import Problem
from serving.pipeline.engine import Engine
from serving.runtime.context import RequestContext
from serving.telemetry.request_tracing import trace_id_of

IDEMPOTENCY_KEY_HEADER = "idempotency-key"
MAX_KEY_LENGTH = 255
KEY_PATTERN = re.compile(rf"[\x21-\x7e]{{1,{MAX_KEY_LENGTH}}}")
ESCAPED = re.compile(r'\\(["\\])')
KEY_FORMAT = (
    f"1 to {MAX_KEY_LENGTH} visible ASCII characters, e.g. a UUID, new for each thing to be "
    "done once"
)


@dataclass(frozen=True)
class RequestIdentity:
    """The circumstances of one request, and its key if it has one."""

    context: RequestContext
    key: IdempotencyKey | None


def read_identity(request: Request, engine: Engine, operation: str, body: bytes) -> RequestIdentity:
    """The circumstances of a request. operation: what it asks for.

    The digest of the body is keyed: it is kept for days, and the body may hold a name that
    could be tried until the digest fits.

    Raises:
        Problem: 400 for an Idempotency-Key that is none.
    """
    given = read_idempotency_key(request)
    context = request_context(request, engine.code, given)
    if given is None:
        return RequestIdentity(context, None)
    digest = engine.pseudonyms.digest(body)
    return RequestIdentity(context, IdempotencyKey(context.caller, given, operation, digest))


def request_context(request: Request, code: str, key: str | None = None) -> RequestContext:
    """Who asks and under which trace. code: version of what answers. key: as the caller gave it."""
    return RequestContext(trace_id_of(request.scope), caller_of(request).name, key, code)


def read_idempotency_key(request: Request) -> str | None:
    """The request's Idempotency-Key, with or without the quotes of a structured field.

    Raises:
        Problem: 400 for one that cannot be read, or several.
    """
    match request.headers.getlist(IDEMPOTENCY_KEY_HEADER):
        case []:
            return None
        case [one]:
            return _parse_key(one)
        case several:
            raise _unusable_key_problem(f"{len(several)} of them")


def _parse_key(header: str) -> str:
    text = header.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = ESCAPED.sub(r"\1", text[1:-1])
    if not KEY_PATTERN.fullmatch(text):
        raise _unusable_key_problem(ascii(header[:MAX_KEY_LENGTH]))
    return text


def _unusable_key_problem(got: str) -> Problem:
    return Problem(
        400,
        "the Idempotency-Key cannot be used; nothing was done",
        [{"field": "Idempotency-Key", "got": got, "takes": KEY_FORMAT}],
    )


JSON_MEDIA_TYPE = "application/json"
REPLAYED_HEADERS = {"Idempotency-Replayed": "true"}


@dataclass(frozen=True)
class Reply:
    """An answer on its way out. replayed: it was given before, to a request with the same key."""

    content: BaseModel
    status: int = 200
    replayed: bool = False

    def response(self) -> Response:
        """As HTTP has it."""
        return self.of(self.content.model_dump_json())

    def of(self, text: str) -> Response:
        """The same where its content is written already."""
        headers = REPLAYED_HEADERS if self.replayed else {}
        return Response(text, self.status, headers, media_type=JSON_MEDIA_TYPE)
