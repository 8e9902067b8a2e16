"""Problems as RFC 9457 says: what is wrong, what it got, what it takes, how to mend it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.responses import Response

from data.contracts.decisions import Action
from models.task import TaskName
from serving.api.fields import TAKES_MOMENT, TAKES_TEXT, takes
from serving.api.messages import (
    ASKED_AT,
    MONEY_AT_RISK,
    MOST_CASES,
    MOST_CHILDREN,
    Path,
    Request,
)
from serving.api.messages_triage import TASK, UNTAGGED, Mixed
from serving.api.problem_kind import ProblemKind
from serving.api.problem_meaning import MEANINGS
from serving.explain import Explain

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 100
MOST_CHARACTERS = 120
PERSON = "person"

OF_STATUS = {
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
    """A request that cannot be answered, and why.

    kind: what it is told apart by; by default the one that is usual for the status.
    retry_after: seconds until it may be worth while to ask again; 0 says nothing of it.
    audit_sequence: of the entry that records it; 0 where none does.
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
        self.kind = kind or OF_STATUS.get(status, ProblemKind.OTHER)
        self.status, self.detail, self.errors, self.mend = status, detail, errors, mend
        self.retry_after, self.audit_sequence = retry_after, audit_sequence

    def response(self, trace: str) -> Response:
        """The problem as an answer. trace: its trace id, by which an entry of it is found."""
        body: dict[str, Any] = {
            "type": self.kind.type,
            "title": MEANINGS[self.kind].title,
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
        return Response(json.dumps(body), self.status, headers, media_type=MEDIA_TYPE)


def unreadable(error: ValidationError, request: Request | Mixed) -> Problem:
    """A 422 that names every field (at most 100), what it got and what it takes."""
    found = list(_fields(error, request))
    shown = found[:MOST_ERRORS]
    more = f"; the first {len(shown)} are listed" if len(found) > len(shown) else ""
    noun = "field" if len(found) == 1 else "fields"
    return Problem(422, f"{len(found)} {noun} cannot be read{more}", shown)


def _fields(error: ValidationError, request: Request | Mixed) -> Iterator[dict[str, Any]]:
    for one in error.errors(include_url=False):
        if one["type"] in UNTAGGED:
            yield _untagged(one)
            continue
        yield {
            "field": path(request.shown(one["loc"])),
            "got": _got(one),
            "takes": _takes(one, request),
        }


def _untagged(error: ErrorDetails) -> dict[str, Any]:
    """A case of a mixed request whose task is missing or unknown."""
    given = error["input"].get(TASK) if isinstance(error["input"], dict) else None
    got = "nothing" if given is None else _written(given)
    takes = "one of " + ", ".join(TaskName)
    return {"field": f"{path(error['loc'])}.{TASK}", "got": got, "takes": takes}


def path(location: Path) -> str:
    """("cases", 3, "on_hand") as `cases[3].on_hand`."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".") or "(body)"


def _got(error: ErrorDetails) -> str:
    match error["type"]:
        case "missing" | "reason_missing":
            return "nothing"
        case "json_invalid":
            return f"text that is not JSON: {error['ctx']['error']}"
        case "too_long" | "too_short":
            return f"{len(error['input'])} of them"
        case "from_the_future":
            return error["msg"]
    if error["loc"] and error["loc"][-1] == PERSON:
        return "something else"  # a name is not given back, not even to whoever sent it
    return _written(error["input"])


def _written(given: Any) -> str:
    written = json.dumps(given, default=str)
    cut = len(written) > MOST_CHARACTERS
    return f"{written[:MOST_CHARACTERS]}..." if cut else written


def _takes(error: ErrorDetails, request: Request | Mixed) -> str:
    place = request.within(error["loc"])
    match error["type"]:
        case "extra_forbidden":
            told = request.choices(error["loc"]) if place is None else place[0].choices(place[1])
            return "no such field; there are " + ", ".join(told)
        case "json_invalid":
            return "a JSON object"
        case "from_the_future":
            return "only what was known at or before asked_at"
        case "reason_missing":
            return "a reason, when a recommendation is overridden"
    if place is None:
        return TAKES.get(path(error["loc"]), "a JSON object")
    return _takes_at(*place)


def _takes_at(request: Request, location: Path) -> str:
    name = str(location[-1]) if location else ""
    column = request.column(location)
    if column is not None:
        return takes(column) + ("" if request.needs(location) else ", or null")
    if name in request.shape.children:
        return f"a list of at most {MOST_CHILDREN} objects"
    return TAKES.get(name, "a JSON object")


TAKES = {
    "explain": "one of " + ", ".join(Explain),
    "cases": f"a list of 1 to {MOST_CASES} cases",
    ASKED_AT: f"{TAKES_MOMENT}, or null",
    MONEY_AT_RISK: "a number from 0 to 1e+12, in the case's currency, or null",
    "action": "one of " + ", ".join(Action),
    "role": TAKES_TEXT,
    "resolved_as": f"{TAKES_TEXT}, or null",
    "reason": "text of 1 to 2000 characters, or null",
    PERSON: f"{TAKES_TEXT}, or null",
    "shown_at": f"{TAKES_MOMENT}, or null",
}
