"""The gate: from what a request shows to who asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

from serving.access.api_key import START
from serving.access.key_ring import KeyRing
from serving.access.key_set import KeySet
from serving.access.limits import Limits
from serving.access.refusal import Refusal, RefusedError, UnknownSignerError
from serving.access.settings import AccessSettings, Mode, is_loopback
from serving.access.tokens import Tokens
from serving.audit.pseudonym import Pseudonyms
from serving.audit.store import AuditStore
from serving.caller import LOCAL, Caller

LONGEST = 8192
LONGEST_NAME = 261
"""Of a host with its port: names are at most 255 characters (RFC 1035)."""
BEARER = "bearer"


@dataclass(frozen=True)
class Shown:
    """What a request shows of who asks. credentials: its Authorization headers.

    peer: address it comes from; "" where there is none. host: its Host header.
    """

    credentials: Sequence[str] = field(repr=False)
    peer: str
    host: str


@dataclass(frozen=True)
class Gate:
    """Lets callers in. ring, tokens: None where keys or tokens are not taken."""

    ring: KeyRing | None
    tokens: Tokens | None
    limits: Limits
    clock: Callable[[], datetime]
    local: bool = False
    local_limits: bool = False
    looking: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(1))

    async def caller(self, shown: Shown) -> Caller:
        """Who asks.

        Whoever shows something is held to it, on this machine too.

        Raises:
            RefusedError: nobody who is let in; says why, for the log.
            RecordTooOldError: keys cannot be looked up now.
        """
        if not shown.credentials:
            return self._without(shown)
        credential = _bearer(shown.credentials)
        if credential.startswith(START):
            if self.ring is None:
                raise RefusedError(Refusal.NO_KEYS_TAKEN)
            return self.ring.caller(credential, self.clock())
        return await self._token(credential)

    def limited(self, caller: Caller) -> bool:
        """Whether that caller's requests are counted."""
        return caller is not LOCAL or self.local_limits

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

    def _without(self, shown: Shown) -> Caller:
        """Whoever is on this machine, where that is enough.

        The Host is looked at so that no page that a browser shows can ask in the name of a
        site whose address was changed to this machine's.
        """
        if not self.local:
            raise RefusedError(Refusal.NOTHING_SHOWN)
        if len(shown.host) > LONGEST_NAME or not _here(shown.peer, shown.host):
            raise RefusedError(Refusal.NOT_THIS_MACHINE)
        return LOCAL

    async def _token(self, credential: str) -> Caller:
        if self.tokens is None:
            raise RefusedError(Refusal.NO_TOKENS_TAKEN)
        if self.tokens.keys.due:
            await self._look(self.tokens)
        try:
            return self.tokens.caller(credential)
        except UnknownSignerError:
            if not await self._look(self.tokens):
                raise
        return self.tokens.caller(credential)

    async def _look(self, tokens: Tokens) -> bool:
        """Look at the issuer's keys again; whoever waits takes no thread from those who answer."""
        return await anyio.to_thread.run_sync(tokens.keys.look, limiter=self.looking)


def open_gate(
    settings: AccessSettings,
    audit: AuditStore,
    people: Pseudonyms,
    clock: Callable[[], datetime],
) -> Gate:
    """The gate as the settings say; nothing is read yet.

    Raises:
        ValueError: settings that cannot be used.
    """
    keys = KeySet(settings.jwks, settings.jwks_seconds)
    return Gate(
        ring=KeyRing(audit) if settings.api_keys else None,
        tokens=Tokens(settings, keys, people) if settings.issuer else None,
        limits=Limits(settings),
        clock=clock,
        local=settings.mode is Mode.LOCAL,
        local_limits=settings.limited_locally,
    )


def _bearer(credentials: Sequence[str]) -> str:
    if len(credentials) != 1:
        raise RefusedError(Refusal.NOT_BEARER)
    if len(credentials[0]) > LONGEST:
        raise RefusedError(Refusal.TOO_LONG)
    scheme, _, rest = credentials[0].partition(" ")
    if scheme.lower() != BEARER or not rest.strip().isascii():
        raise RefusedError(Refusal.NOT_BEARER)
    return rest.strip()


@lru_cache(256)
def _here(peer: str, host: str) -> bool:
    """Whether that peer, and the host it asked for, are this machine; kept: callers come again."""
    return is_loopback(peer) and is_loopback(_name(host))


def _name(host: str) -> str:
    """The name in a Host header, without port and brackets; "" for what is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
