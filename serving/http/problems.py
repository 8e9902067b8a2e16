"""Problems (RFC 9457).

Kinds, their explanations, and the exception that becomes a problem response.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from starlette.responses import Response

PROBLEMS_PATH = "/problems/"


class ProblemKind(StrEnum):
    """Last part of a problem's `type`; see RFC 9457, section 3.1.1."""

    MALFORMED = "malformed"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    ALREADY_DECIDED = "already-decided"
    CANNOT_RECOMPUTE = "cannot-recompute"
    IN_FLIGHT = "in-flight"
    ERASED = "erased"
    TOO_LARGE = "too-large"
    NOT_JSON = "not-json"
    UNREADABLE = "unreadable"
    FROM_THE_FUTURE = "from-the-future"
    KEY_REUSED = "key-reused"
    RATE_LIMITED = "rate-limited"
    BUSY = "busy"
    FAILED = "failed"
    LOADING = "loading"
    NOT_READY = "not-ready"
    NOT_SERVED = "not-served"
    RECORD_AWAY = "record-away"
    TIMED_OUT = "timed-out"
    OTHER = "other"

    @property
    def type(self) -> str:
        """The problem's `type`: an address of this service that explains it."""
        return f"{PROBLEMS_PATH}{self}"


@dataclass(frozen=True)
class ProblemExplanation:
    """Explanation of a kind of problem.

    title: the same in every problem of the kind. statuses: that it is answered with. again: whether
    the same request may succeed later, unchanged.
    """

    title: str
    statuses: tuple[int, ...]
    means: str
    mend: str
    again: bool = False


NOTHING_DONE = "Nothing was done or recorded."

PROBLEM_EXPLANATIONS: Mapping[ProblemKind, ProblemExplanation] = {
    ProblemKind.MALFORMED: ProblemExplanation(
        "Bad request",
        (400,),
        f"A header or the form of the request cannot be used. {NOTHING_DONE}",
        "Correct what `errors` names, or what `detail` says.",
    ),
    ProblemKind.UNAUTHENTICATED: ProblemExplanation(
        "Not authenticated",
        (401,),
        "The request does not prove who asks. It is never said in what way.",
        "Send `Authorization: Bearer` with a key or token that is valid now.",
    ),
    ProblemKind.FORBIDDEN: ProblemExplanation(
        "Not allowed",
        (403,),
        f"Who asks is known, and may not do this. {NOTHING_DONE}",
        "Ask whoever gave out your key or token for the scope or the site that `detail` names.",
    ),
    ProblemKind.NOT_FOUND: ProblemExplanation(
        "Not found",
        (404,),
        "There is nothing of that name for you.",
        "Take ids and addresses from answers; the contract lists every address.",
    ),
    ProblemKind.METHOD_NOT_ALLOWED: ProblemExplanation(
        "Method not allowed",
        (405,),
        "The address is right, the method is not.",
        "Use one of the methods in the `Allow` header.",
    ),
    ProblemKind.ALREADY_DECIDED: ProblemExplanation(
        "Already decided",
        (409,),
        "Something else was decided on this recommendation before. It stays.",
        "Take the decision in `detail` for the one that counts; score the case again for another.",
    ),
    ProblemKind.CANNOT_RECOMPUTE: ProblemExplanation(
        "Cannot be recomputed",
        (409,),
        "What would change the answer needs the model, policy and past of then, not all kept.",
        "Score the case again, and ask about its new recommendation.",
    ),
    ProblemKind.IN_FLIGHT: ProblemExplanation(
        "Being worked on",
        (409,),
        "A request with this Idempotency-Key is being worked on.",
        "Send the same again after `Retry-After`: once it is answered, you get that answer.",
        again=True,
    ),
    ProblemKind.ERASED: ProblemExplanation(
        "Erased",
        (410,),
        "What is asked for was recorded and has been erased since. That it was stays proven.",
        "Nothing brings it back; score the case again if an answer is needed.",
    ),
    ProblemKind.TOO_LARGE: ProblemExplanation(
        "Request too large",
        (413,),
        f"The body is larger than the service takes. {NOTHING_DONE}",
        "Send fewer cases at a time.",
    ),
    ProblemKind.NOT_JSON: ProblemExplanation(
        "Not JSON",
        (415,),
        f"The body is of another content type or encoding. {NOTHING_DONE}",
        "Send `Content-Type: application/json`, in UTF-8, not compressed.",
    ),
    ProblemKind.UNREADABLE: ProblemExplanation(
        "Cannot be read",
        (422,),
        f"Fields are missing, unknown, or hold what they do not take. {NOTHING_DONE}",
        "Correct each field in `errors`: it names the field, what it got and what it takes.",
    ),
    ProblemKind.FROM_THE_FUTURE: ProblemExplanation(
        "Known only later",
        (422,),
        f"A case holds what became known after the moment it is asked about. {NOTHING_DONE}",
        "Leave out what was not known then, or give `asked_at`.",
    ),
    ProblemKind.KEY_REUSED: ProblemExplanation(
        "Key was used for something else",
        (422,),
        f"The Idempotency-Key came before with another body or address. {NOTHING_DONE}",
        "Use a new key for each thing that is to be done once.",
    ),
    ProblemKind.RATE_LIMITED: ProblemExplanation(
        "Too many requests",
        (429,),
        f"The caller has used up its share of requests for now. {NOTHING_DONE}",
        "Wait for `Retry-After`; the `RateLimit` fields of each answer tell what is left.",
        again=True,
    ),
    ProblemKind.BUSY: ProblemExplanation(
        "Busy",
        (429,),
        f"The service works on as many requests as it can. {NOTHING_DONE}",
        "Send the same again after `Retry-After`.",
        again=True,
    ),
    ProblemKind.FAILED: ProblemExplanation(
        "The service failed",
        (500,),
        "A fault of the service. Whether the request was recorded is not known.",
        "Send the same again once, with the same Idempotency-Key; then tell whoever runs the "
        "service the `trace_id`, and go on as if the service were not there.",
    ),
    ProblemKind.LOADING: ProblemExplanation(
        "Still loading",
        (503,),
        f"The service has just been started. {NOTHING_DONE}",
        "Send the same again after `Retry-After`.",
        again=True,
    ),
    ProblemKind.NOT_READY: ProblemExplanation(
        "Not ready",
        (503,),
        "The service cannot answer, or not completely; `detail` says what is wrong.",
        "Go on as if the service were not there, or ask again after `Retry-After`.",
        again=True,
    ),
    ProblemKind.NOT_SERVED: ProblemExplanation(
        "Task cannot be answered",
        (503,),
        "Nothing is there to answer this task with. That it was asked may be on record.",
        "Go on as if the service were not there; `mend` tells whoever runs it what helps.",
        again=True,
    ),
    ProblemKind.RECORD_AWAY: ProblemExplanation(
        "Record not available",
        (503,),
        "Nothing can be recorded now, and so nothing is answered.",
        "Go on as if the service were not there, or send the same again after `Retry-After`, "
        "with the same Idempotency-Key.",
        again=True,
    ),
    ProblemKind.TIMED_OUT: ProblemExplanation(
        "Not answered in time",
        (504,),
        "The answer took too long. Whether it was recorded is not known.",
        "Send the same again with the same Idempotency-Key: what was recorded is answered, "
        "and nothing is recorded twice.",
        again=True,
    ),
    ProblemKind.OTHER: ProblemExplanation(
        "Problem",
        (),
        "Something that has no kind of its own; `status` and `detail` say what.",
        "Read `status` as HTTP defines it.",
    ),
}

PROBLEM_MEDIA_TYPE = "application/problem+json"

KIND_BY_STATUS = {
    400: ProblemKind.MALFORMED,
    401: ProblemKind.UNAUTHENTICATED,
    403: ProblemKind.FORBIDDEN,
    404: ProblemKind.NOT_FOUND,
    405: ProblemKind.METHOD_NOT_ALLOWED,
    410: ProblemKind.ERASED,
    413: ProblemKind.TOO_LARGE,
    415: ProblemKind.NOT_JSON,
    422: ProblemKind.UNREADABLE,
    429: ProblemKind.RATE_LIMITED,
    500: ProblemKind.FAILED,
    503: ProblemKind.NOT_READY,
    504: ProblemKind.TIMED_OUT,
}


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """A request that cannot be answered; an exception that becomes a problem response.

    kind: by default the usual one of the status. retry_after: seconds until a retry may help; 0
    for none. audit_sequence: of the entry that records it; 0 for none.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[dict[str, Any]] = (),
        mend: str = "",
        retry_after: int = 0,
        audit_sequence: int = 0,
        kind: ProblemKind | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind or KIND_BY_STATUS.get(status, ProblemKind.OTHER)
        self.status, self.detail, self.errors, self.mend = status, detail, errors, mend
        self.retry_after, self.audit_sequence = retry_after, audit_sequence

    def response(self, trace: str) -> Response:
        """Build the response. trace: id of the trace under which the problem is logged."""
        body: dict[str, Any] = {
            "type": self.kind.type,
            "title": PROBLEM_EXPLANATIONS[self.kind].title,
            "status": self.status,
            "detail": self.detail,
            "trace_id": trace,
        }
        if self.mend:
            body["mend"] = self.mend
        if self.audit_sequence:
            body["audit_sequence"] = self.audit_sequence
        if self.errors:
            body["errors"] = list(self.errors)
        headers = {"Retry-After": str(self.retry_after)} if self.retry_after else {}
        return Response(json.dumps(body), self.status, headers, media_type=PROBLEM_MEDIA_TYPE)
