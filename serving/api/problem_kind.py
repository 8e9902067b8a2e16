"""Kinds of problems: what an orchestrator can tell them apart by, the same in every version."""

from __future__ import annotations

from enum import StrEnum

ADDRESS = "/problems/"


class ProblemKind(StrEnum):
    """The last part of a problem's `type`; see RFC 9457, section 3.1.1."""

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
        """The `type` of such a problem: an address of this service that explains it."""
        return f"{ADDRESS}{self}"
