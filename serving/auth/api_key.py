"""API key: shown once, stored as a digest, recorded in the audit log."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from serving.audit.log.entry import Draft, new_draft
from serving.audit.log.entry_kind import EntryKind
from serving.auth.caller import ALL_SCOPES, AuthenticationError, Caller, Refusal

KEY_PREFIX = "tk_"
ID_BYTES = 6
SECRET_BYTES = 32


@dataclass(frozen=True)
class ApiKey:
    """What is kept of a key. digest: SHA-256 of the whole key, hexadecimal.

    A plain digest is enough: 256 random bits cannot be tried. sites: None for every site.
    """

    id: str
    name: str
    digest: str
    scopes: frozenset[str]
    sites: frozenset[str] | None
    created_at: datetime
    expires_at: datetime

    @property
    def caller(self) -> Caller:
        """Who asks with it."""
        return Caller(f"key:{self.id}", self.scopes, self.sites)

    def check(self, shown: str, now: datetime) -> Caller:
        """Who asks, if that is the key and it holds.

        Raises:
            RefusedError: another secret, or expired.
        """
        if not hmac.compare_digest(key_digest(shown), self.digest):
            raise AuthenticationError(Refusal.WRONG_SECRET)
        if now >= self.expires_at:
            raise AuthenticationError(Refusal.EXPIRED)
        return self.caller

    def draft(self, context: Mapping[str, Any]) -> Draft:
        """Its creation, as it is recorded."""
        said = {
            "key": self.id,
            "name": self.name,
            "digest": self.digest,
            "scopes": sorted(map(str, self.scopes)),
            "sites": None if self.sites is None else sorted(self.sites),
            "expires_at": self.expires_at.isoformat(),
        }
        at = self.created_at.isoformat()
        return new_draft(EntryKind.KEY_CREATED, said, context, at, reference=self.id)

    @classmethod
    def recorded(cls, payload: Mapping[str, Any], at: str) -> Self:
        """As it was recorded. A scope of another version is left out: it allows nothing here."""
        sites = payload["sites"]
        return cls(
            id=payload["key"],
            name=payload["name"],
            digest=payload["digest"],
            scopes=frozenset(name for name in payload["scopes"] if name in ALL_SCOPES),
            sites=None if sites is None else frozenset(sites),
            created_at=datetime.fromisoformat(at),
            expires_at=datetime.fromisoformat(payload["expires_at"]),
        )


def new_key(
    name: str,
    scopes: Collection[str],
    sites: Collection[str] | None,
    now: datetime,
    expires_at: datetime,
) -> tuple[ApiKey, str]:
    """A new key, and the text of it that is shown once: `tk_ID_SECRET`."""
    identifier = secrets.token_hex(ID_BYTES)
    shown = f"{KEY_PREFIX}{identifier}_{secrets.token_urlsafe(SECRET_BYTES)}"
    held = None if sites is None else frozenset(sites)
    kept = ApiKey(identifier, name, key_digest(shown), frozenset(scopes), held, now, expires_at)
    return kept, shown


def revocation_draft(identifier: str, now: datetime, context: Mapping[str, Any]) -> Draft:
    """That a key is taken no more, as it is recorded: the envelope alone says it."""
    said = {"key": identifier}
    return new_draft(EntryKind.KEY_REVOKED, said, context, now.isoformat(), reference=identifier)


def key_digest(shown: str) -> str:
    """SHA-256 of a key as it is shown, hexadecimal."""
    return hashlib.sha256(shown.encode()).hexdigest()


def key_identifier(shown: str) -> str:
    """The id that a key says it has; "" for what is no key."""
    parts = shown.split("_", 2)
    return parts[1] if len(parts) == 3 else ""
