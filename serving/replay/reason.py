"""Why an answer on record cannot be given again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """What is lacking, in a word."""

    ERASED = "erased"
    OLDER_ENTRY = "older entry"
    EDITED = "edited"
    UNREADABLE = "unreadable"
    MODEL_GONE = "model gone"
    MODEL_REFUSED = "model refused"
    POLICY_UNKNOWN = "policy unknown"
    OTHER_MEASURES = "other measures"
    NO_MODEL = "no model"

    @property
    def lasting(self) -> bool:
        """Whether it is a fact of the record, which nothing will mend and nobody has to."""
        return self in {Reason.ERASED, Reason.OLDER_ENTRY, Reason.NO_MODEL}


class NotReplayableError(LookupError):
    """An answer cannot be given again: the reason, and a sentence for people."""

    def __init__(self, reason: Reason, why: str) -> None:
        super().__init__(why)
        self.lacking = Lacking(reason, why)


@dataclass(frozen=True)
class Lacking:
    """The same as a value."""

    reason: Reason
    why: str
