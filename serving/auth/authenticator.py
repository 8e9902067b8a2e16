"""Authenticator: from presented credentials to a caller, by API key, token or loopback address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

from serving.audit.log.store import AuditStore
from serving.audit.pseudonym import Pseudonyms
from serving.auth.api_key import KEY_PREFIX
from serving.auth.caller import (
    LOCAL_CALLER,
    AuthenticationError,
    Caller,
    Refusal,
    UnknownSignerError,
)
from serving.auth.jwks import JsonWebKeySet
from serving.auth.key_ring import KeyRing
from serving.auth.rate_limits import RateLimiter
from serving.auth.tokens import TokenVerifier
from serving.runtime.settings import AuthMode, AuthSettings, is_loopback

MAX_CREDENTIAL_LENGTH = 8192
MAX_HOST_LENGTH = 261
"""Of a host with its port: names are at most 255 characters (RFC 1035)."""
BEARER = "bearer"


@dataclass(frozen=True)
class PresentedCredentials:
    """Credentials and origin of a request.

    Attributes:
        credentials: Authorization headers.
        peer: address that the request comes from; "" if it is unknown.
        host: Host header.
    """

    credentials: Sequence[str] = field(repr=False)
    peer: str
    host: str


@dataclass(frozen=True)
class Authenticator:
    """Identifies callers.

    Attributes:
        ring: API keys; None if the settings accept none.
        tokens: verifier of tokens; None if the settings accept none.
        limits: of requests and failures.
        clock: returns the time, UTC.
        local: whether requests from this machine need no credentials.
        local_limits: whether requests from this machine are counted against a limit.
        looking: lets one thread at a time read the issuer's keys.
    """

    ring: KeyRing | None
    tokens: TokenVerifier | None
    limits: RateLimiter
    clock: Callable[[], datetime]
    local: bool = False
    local_limits: bool = False
    looking: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(1))

    async def caller(self, shown: PresentedCredentials) -> Caller:
        """Return the caller of a request.

        Credentials that are presented must hold, even where none are needed.

        Raises:
            AuthenticationError: the request is refused; the reason is for the log.
            KeysOutdatedError: keys cannot be looked up now.
        """
        if not shown.credentials:
            return self._without(shown)
        credential = _bearer_credential(shown.credentials)
        if credential.startswith(KEY_PREFIX):
            if self.ring is None:
                raise AuthenticationError(Refusal.NO_KEYS_TAKEN)
            return self.ring.caller(credential, self.clock())
        return await self._token(credential)

    def is_limited(self, caller: Caller) -> bool:
        """Return whether the requests of a caller are counted against a limit."""
        return caller is not LOCAL_CALLER or self.local_limits

    def start(self) -> None:
        """Read keys and issuer, and keep API keys up to date in the background.

        Raises:
            AuditUnavailableError: the audit log cannot be read.
        """
        if self.ring is not None:
            self.ring.start()
        if self.tokens is not None:
            self.tokens.keys.look()

    def stop(self, seconds: float) -> None:
        """Stop reading keys."""
        if self.ring is not None:
            self.ring.stop(seconds)

    def _without(self, shown: PresentedCredentials) -> Caller:
        """Return the local caller, where requests of this machine need no credentials.

        The Host header must name this machine: otherwise a web page could send requests through
        a browser here, under a name whose DNS entry was changed to a loopback address.
        """
        if not self.local:
            raise AuthenticationError(Refusal.NOTHING_SHOWN)
        if len(shown.host) > MAX_HOST_LENGTH or not _is_this_machine(shown.peer, shown.host):
            raise AuthenticationError(Refusal.NOT_THIS_MACHINE)
        return LOCAL_CALLER

    async def _token(self, credential: str) -> Caller:
        if self.tokens is None:
            raise AuthenticationError(Refusal.NO_TOKENS_TAKEN)
        if self.tokens.keys.due:
            await self._look(self.tokens)
        try:
            return self.tokens.caller(credential)
        except UnknownSignerError:
            if not await self._look(self.tokens):
                raise
        return self.tokens.caller(credential)

    async def _look(self, tokens: TokenVerifier) -> bool:
        """Read the issuer's keys again, on a limiter of its own: it blocks no other request."""
        return await anyio.to_thread.run_sync(tokens.keys.look, limiter=self.looking)


def create_authenticator(
    settings: AuthSettings,
    audit: AuditStore,
    people: Pseudonyms,
    clock: Callable[[], datetime],
) -> Authenticator:
    """Create the authenticator of the settings; it reads nothing before `start`.

    Raises:
        ValueError: settings that cannot be used.
    """
    keys = JsonWebKeySet(settings.jwks, settings.jwks_seconds)
    return Authenticator(
        ring=KeyRing(audit) if settings.api_keys else None,
        tokens=TokenVerifier(settings, keys, people) if settings.issuer else None,
        limits=RateLimiter(settings),
        clock=clock,
        local=settings.mode is AuthMode.LOCAL,
        local_limits=settings.limited_locally,
    )


def _bearer_credential(credentials: Sequence[str]) -> str:
    if len(credentials) != 1:
        raise AuthenticationError(Refusal.NOT_BEARER)
    if len(credentials[0]) > MAX_CREDENTIAL_LENGTH:
        raise AuthenticationError(Refusal.TOO_LONG)
    scheme, _, rest = credentials[0].partition(" ")
    if scheme.lower() != BEARER or not rest.strip().isascii():
        raise AuthenticationError(Refusal.NOT_BEARER)
    return rest.strip()


@lru_cache(256)
def _is_this_machine(peer: str, host: str) -> bool:
    """Return whether peer and host both are this machine; cached, because callers come again."""
    return is_loopback(peer) and is_loopback(_host_name(host))


def _host_name(host: str) -> str:
    """Return the name in a Host header, without port and brackets; "" if it cannot be parsed."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
