"""Callers, their scopes and sites, and the reasons why a request is not authenticated."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.catalogue import TASKS
from models.task import TaskName


class Refusal(StrEnum):
    """A reason; none of them holds anything of what was shown."""

    NOTHING_SHOWN = "nothing was shown"
    NOT_BEARER = "not one bearer credential"
    TOO_LONG = "too long"
    NO_SUCH_KEY = "no such key"
    WRONG_SECRET = "not the secret of that key"  # noqa: S105 - a reason, not a secret
    REVOKED = "the key was revoked"
    EXPIRED = "expired"
    NO_KEYS_TAKEN = "API keys are not taken"
    NO_TOKENS_TAKEN = "tokens are not taken"
    NOT_A_TOKEN = "not a token"  # noqa: S105 - a reason, not a secret
    ALGORITHM = "an algorithm that is not taken"
    UNKNOWN_SIGNER = "signed with a key that the issuer does not publish"
    SIGNATURE = "the signature does not hold"
    CLAIMS = "claims that are missing or for somebody else"
    NOT_THIS_MACHINE = "not from this machine, or by another name of it"


class AuthenticationError(Exception):
    """Nobody is let in. reason: for the log."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(str(reason))
        self.reason = reason


class UnknownSignerError(AuthenticationError):
    """Signed with a key that is not among those known; a new look at the issuer may find it."""

    def __init__(self) -> None:
        super().__init__(Refusal.UNKNOWN_SIGNER)


class KeysOutdatedError(RuntimeError):
    """The record was not read for so long that a key may have been revoked since."""


class AccessScope(StrEnum):
    """What a caller may be allowed to do, besides scoring cases of a task."""

    DECIDE = "decide"
    READ_REPORT = "report:read"
    READ_AUDIT = "audit:read"
    MANAGE_MODELS = "models:manage"
    SEND_EVENTS = "events:send"
    METRICS = "metrics"


def scoring_scope(task: TaskName) -> str:
    """Return the scope that scoring cases of a task takes."""
    return f"score:{task}"


ALL_SCOPES = (*map(scoring_scope, TASKS), *map(str, AccessScope))
"""Every scope: one a task, in the order of the catalogue, then the others."""


@dataclass(frozen=True)
class Caller:
    """Who asks. name: as it is recorded; no person's. sites: None for every site."""

    name: str
    scopes: frozenset[str]
    sites: frozenset[str] | None

    def may(self, scope: str) -> bool:
        """Whether that is allowed."""
        return scope in self.scopes

    def sees(self, site: str) -> bool:
        """Whether anything of that site may be told or asked."""
        return self.sites is None or site in self.sites


LOCAL_CALLER = Caller("local", frozenset(ALL_SCOPES), None)
"""Whoever is on this machine, where no authentication is asked for."""
