"""Read the context and Idempotency-Key of a request, and mark a response that is replayed."""

from __future__ import annotations

import re

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


def read_identity(
    request: Request, engine: Engine, operation: str, body: bytes
) -> tuple[RequestContext, IdempotencyKey | None]:
    """Read the context that is recorded with a request, and its Idempotency-Key if it has one.

    The digest of the body is keyed: it is kept for days, and the body may hold a name that
    could be tried until the digest fits.

    Args:
        request: the request.
        engine: what answers it.
        operation: what the request asks for; recorded with the key.
        body: the request's body.

    Raises:
        Problem: 400 for an Idempotency-Key that cannot be used.
    """
    key = read_idempotency_key(request)
    context = request_context(request, engine.code, key)
    if key is None:
        return context, None
    digest = engine.pseudonyms.digest(body)
    return context, IdempotencyKey(context.caller, key, operation, digest)


def request_context(request: Request, code: str, key: str | None = None) -> RequestContext:
    """Build the context recorded with a request. code: version of the service. key: as sent."""
    return RequestContext(trace_id_of(request.scope), caller_of(request).name, key, code)


def read_idempotency_key(request: Request) -> str | None:
    """Return the Idempotency-Key header, with or without the quotes of a structured field.

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


def json_response(text: str, status: int = 200, *, replayed: bool = False) -> Response:
    """Build the response of a body that is serialised already.

    replayed: the same was answered before, to a request with the same Idempotency-Key.
    """
    headers = REPLAYED_HEADERS if replayed else {}
    return Response(text, status, headers, media_type=JSON_MEDIA_TYPE)
