"""Why nobody was let in: for the log of the service alone, never for whoever asks."""

from __future__ import annotations

from enum import StrEnum


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


class RefusedError(Exception):
    """Nobody is let in. reason: for the log."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(str(reason))
        self.reason = reason


class UnknownSignerError(RefusedError):
    """Signed with a key that is not among those known; a new look at the issuer may find it."""

    def __init__(self) -> None:
        super().__init__(Refusal.UNKNOWN_SIGNER)


class RecordTooOldError(RuntimeError):
    """The record was not read for so long that a key may have been revoked since."""
