"""Callers, their scopes and sites, and the reasons why a request is not authenticated."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.catalogue import TASKS
from models.task import TaskName


class Refusal(StrEnum):
    """Why a request is not authenticated; no reason holds any part of a credential."""

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
    """A request is not authenticated. reason: for the log."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(str(reason))
        self.reason = reason


class UnknownSignerError(AuthenticationError):
    """A token is signed with an unknown key; reading the issuer's keys again may find it."""

    def __init__(self) -> None:
        super().__init__(Refusal.UNKNOWN_SIGNER)


class KeysOutdatedError(RuntimeError):
    """The audit log was not read for so long that a key may have been revoked since."""


class AccessScope(StrEnum):
    """A permission of a caller, besides scoring cases of a task."""

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
    """An authenticated caller.

    Attributes:
        name: as it is recorded; never a person's.
        scopes: permissions of the caller.
        sites: that the caller may see; None for all.
    """

    name: str
    scopes: frozenset[str]
    sites: frozenset[str] | None

    def may(self, scope: str) -> bool:
        """Return whether the caller has a scope."""
        return scope in self.scopes

    def sees(self, site: str) -> bool:
        """Return whether the caller may read or send anything of a site."""
        return self.sites is None or site in self.sites


LOCAL_CALLER = Caller("local", frozenset(ALL_SCOPES), None)
"""The caller of requests from this machine, where no authentication is required."""
