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
    """A key as it is stored.

    Attributes:
        id: of the key.
        name: of the system that uses the key.
        digest: SHA-256 of the whole key, hexadecimal; a plain digest is enough, because 256
            random bits cannot be guessed.
        scopes: permissions of the key.
        sites: that the key may see; None for every site.
        created_at: time of creation, UTC.
        expires_at: time from which the key is refused, UTC.
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
        """The caller that the key authenticates."""
        return Caller(f"key:{self.id}", self.scopes, self.sites)

    def check(self, presented: str, now: datetime) -> Caller:
        """Return the caller, if the presented text is this key and the key has not expired.

        Raises:
            AuthenticationError: another secret, or an expired key.
        """
        if not hmac.compare_digest(key_digest(presented), self.digest):
            raise AuthenticationError(Refusal.WRONG_SECRET)
        if now >= self.expires_at:
            raise AuthenticationError(Refusal.EXPIRED)
        return self.caller

    def draft(self, context: Mapping[str, Any]) -> Draft:
        """Return the audit entry that records the key's creation."""
        payload = {
            "key": self.id,
            "name": self.name,
            "digest": self.digest,
            "scopes": sorted(map(str, self.scopes)),
            "sites": None if self.sites is None else sorted(self.sites),
            "expires_at": self.expires_at.isoformat(),
        }
        at = self.created_at.isoformat()
        return new_draft(EntryKind.KEY_CREATED, payload, context, at, reference=self.id)

    @classmethod
    def recorded(cls, payload: Mapping[str, Any], at: str) -> Self:
        """Return the key of an audit entry, without scopes that this version does not know."""
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
    """Create a key.

    Returns:
        The key as it is stored, and its text `tk_ID_SECRET`, which is shown once.
    """
    identifier = secrets.token_hex(ID_BYTES)
    text = f"{KEY_PREFIX}{identifier}_{secrets.token_urlsafe(SECRET_BYTES)}"
    site_set = None if sites is None else frozenset(sites)
    digest = key_digest(text)
    return ApiKey(identifier, name, digest, frozenset(scopes), site_set, now, expires_at), text


def revocation_draft(identifier: str, now: datetime, context: Mapping[str, Any]) -> Draft:
    """Return the audit entry that revokes a key; its envelope alone is enough to apply it."""
    payload = {"key": identifier}
    return new_draft(EntryKind.KEY_REVOKED, payload, context, now.isoformat(), reference=identifier)


def key_digest(text: str) -> str:
    """Return the SHA-256 of a key's text, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def key_identifier(text: str) -> str:
    """Return the id in a key's text; "" for a text that is no key."""
    parts = text.split("_", 2)
    return parts[1] if len(parts) == 3 else ""
