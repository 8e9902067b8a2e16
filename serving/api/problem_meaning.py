"""What each kind of problem means and what to do about it: the text behind its `type`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from serving.api.problem_kind import ProblemKind


@dataclass(frozen=True)
class Meaning:
    """A kind of problem, explained.

    title: the same in every such problem. statuses: with which it is answered. again: whether
    the same request may succeed later without any change to it.
    """

    title: str
    statuses: tuple[int, ...]
    means: str
    mend: str
    again: bool = False


NOTHING_DONE = "Nothing was done or recorded."

MEANINGS: Mapping[ProblemKind, Meaning] = {
    ProblemKind.MALFORMED: Meaning(
        "Bad request",
        (400,),
        f"A header or the form of the request cannot be used. {NOTHING_DONE}",
        "Correct what `errors` names, or what `detail` says.",
    ),
    ProblemKind.UNAUTHENTICATED: Meaning(
        "Not authenticated",
        (401,),
        "The request does not prove who asks. It is never said in what way.",
        "Send `Authorization: Bearer` with a key or token that is valid now.",
    ),
    ProblemKind.FORBIDDEN: Meaning(
        "Not allowed",
        (403,),
        f"Who asks is known, and may not do this. {NOTHING_DONE}",
        "Ask whoever gave out your key or token for the scope or the site that `detail` names.",
    ),
    ProblemKind.NOT_FOUND: Meaning(
        "Not found",
        (404,),
        "There is nothing of that name for you.",
        "Take ids and addresses from answers; the contract lists every address.",
    ),
    ProblemKind.METHOD_NOT_ALLOWED: Meaning(
        "Method not allowed",
        (405,),
        "The address is right, the method is not.",
        "Use one of the methods in the `Allow` header.",
    ),
    ProblemKind.ALREADY_DECIDED: Meaning(
        "Already decided",
        (409,),
        "Something else was decided on this recommendation before. It stays.",
        "Take the decision in `detail` for the one that counts; score the case again for another.",
    ),
    ProblemKind.CANNOT_RECOMPUTE: Meaning(
        "Cannot be recomputed",
        (409,),
        "What would change the answer needs the model, policy and past of then, not all kept.",
        "Score the case again, and ask about its new recommendation.",
    ),
    ProblemKind.IN_FLIGHT: Meaning(
        "Being worked on",
        (409,),
        "A request with this Idempotency-Key is being worked on.",
        "Send the same again after `Retry-After`: once it is answered, you get that answer.",
        again=True,
    ),
    ProblemKind.ERASED: Meaning(
        "Erased",
        (410,),
        "What is asked for was recorded and has been erased since. That it was stays proven.",
        "Nothing brings it back; score the case again if an answer is needed.",
    ),
    ProblemKind.TOO_LARGE: Meaning(
        "Request too large",
        (413,),
        f"The body is larger than the service takes. {NOTHING_DONE}",
        "Send fewer cases at a time.",
    ),
    ProblemKind.NOT_JSON: Meaning(
        "Not JSON",
        (415,),
        f"The body is of another content type or encoding. {NOTHING_DONE}",
        "Send `Content-Type: application/json`, in UTF-8, not compressed.",
    ),
    ProblemKind.UNREADABLE: Meaning(
        "Cannot be read",
        (422,),
        f"Fields are missing, unknown, or hold what they do not take. {NOTHING_DONE}",
        "Correct each field in `errors`: it names the field, what it got and what it takes.",
    ),
    ProblemKind.FROM_THE_FUTURE: Meaning(
        "Known only later",
        (422,),
        f"A case holds what became known after the moment it is asked about. {NOTHING_DONE}",
        "Leave out what was not known then, or give `asked_at`.",
    ),
    ProblemKind.KEY_REUSED: Meaning(
        "Key was used for something else",
        (422,),
        f"The Idempotency-Key came before with another body or address. {NOTHING_DONE}",
        "Use a new key for each thing that is to be done once.",
    ),
    ProblemKind.RATE_LIMITED: Meaning(
        "Too many requests",
        (429,),
        f"The caller has used up its share of requests for now. {NOTHING_DONE}",
        "Wait for `Retry-After`; the `RateLimit` fields of each answer tell what is left.",
        again=True,
    ),
    ProblemKind.BUSY: Meaning(
        "Busy",
        (429,),
        f"The service works on as many requests as it can. {NOTHING_DONE}",
        "Send the same again after `Retry-After`.",
        again=True,
    ),
    ProblemKind.FAILED: Meaning(
        "The service failed",
        (500,),
        "A fault of the service. Whether the request was recorded is not known.",
        "Send the same again once, with the same Idempotency-Key; then tell whoever runs the "
        "service the `trace_id`, and go on as if the service were not there.",
    ),
    ProblemKind.LOADING: Meaning(
        "Still loading",
        (503,),
        f"The service has just been started. {NOTHING_DONE}",
        "Send the same again after `Retry-After`.",
        again=True,
    ),
    ProblemKind.NOT_READY: Meaning(
        "Not ready",
        (503,),
        "The service cannot answer, or not completely; `detail` says what is wrong.",
        "Go on as if the service were not there, or ask again after `Retry-After`.",
        again=True,
    ),
    ProblemKind.NOT_SERVED: Meaning(
        "Task cannot be answered",
        (503,),
        "Nothing is there to answer this task with. That it was asked may be on record.",
        "Go on as if the service were not there; `mend` tells whoever runs it what helps.",
        again=True,
    ),
    ProblemKind.RECORD_AWAY: Meaning(
        "Record not available",
        (503,),
        "Nothing can be recorded now, and so nothing is answered.",
        "Go on as if the service were not there, or send the same again after `Retry-After`, "
        "with the same Idempotency-Key.",
        again=True,
    ),
    ProblemKind.TIMED_OUT: Meaning(
        "Not answered in time",
        (504,),
        "The answer took too long. Whether it was recorded is not known.",
        "Send the same again with the same Idempotency-Key: what was recorded is answered, "
        "and nothing is recorded twice.",
        again=True,
    ),
    ProblemKind.OTHER: Meaning(
        "Problem",
        (),
        "Something that has no kind of its own; `status` and `detail` say what.",
        "Read `status` as HTTP defines it.",
    ),
}
