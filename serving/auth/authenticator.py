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
from serving.auth.settings import AuthMode, AuthSettings, is_loopback
from serving.auth.tokens import TokenVerifier

MAX_CREDENTIAL_LENGTH = 8192
MAX_HOST_LENGTH = 261
"""Of a host with its port: names are at most 255 characters (RFC 1035)."""
BEARER = "bearer"


@dataclass(frozen=True)
class PresentedCredentials:
    """What a request shows of who asks. credentials: its Authorization headers.

    peer: address it comes from; "" where there is none. host: its Host header.
    """

    credentials: Sequence[str] = field(repr=False)
    peer: str
    host: str


@dataclass(frozen=True)
class Authenticator:
    """Lets callers in. ring, tokens: None where keys or tokens are not taken."""

    ring: KeyRing | None
    tokens: TokenVerifier | None
    limits: RateLimiter
    clock: Callable[[], datetime]
    local: bool = False
    local_limits: bool = False
    looking: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(1))

    async def caller(self, shown: PresentedCredentials) -> Caller:
        """Who asks.

        Whoever shows something is held to it, on this machine too.

        Raises:
            RefusedError: nobody who is let in; says why, for the log.
            RecordTooOldError: keys cannot be looked up now.
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
        """Whether that caller's requests are counted."""
        return caller is not LOCAL_CALLER or self.local_limits

    def start(self) -> None:
        """Read keys, and go on reading them.

        Raises:
            AuditUnavailableError: the record cannot be read.
        """
        if self.ring is not None:
            self.ring.start()
        if self.tokens is not None:
            self.tokens.keys.look()

    def stop(self, seconds: float) -> None:
        """Read no more."""
        if self.ring is not None:
            self.ring.stop(seconds)

    def _without(self, shown: PresentedCredentials) -> Caller:
        """Whoever is on this machine, where that is enough.

        The Host is looked at so that no page that a browser shows can ask in the name of a
        site whose address was changed to this machine's.
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
        """Look at the issuer's keys again; whoever waits takes no thread from those who answer."""
        return await anyio.to_thread.run_sync(tokens.keys.look, limiter=self.looking)


def create_authenticator(
    settings: AuthSettings,
    audit: AuditStore,
    people: Pseudonyms,
    clock: Callable[[], datetime],
) -> Authenticator:
    """The gate as the settings say; nothing is read yet.

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
    """Whether that peer, and the host it asked for, are this machine; kept: callers come again."""
    return is_loopback(peer) and is_loopback(_host_name(host))


def _host_name(host: str) -> str:
    """The name in a Host header, without port and brackets; "" for what is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
