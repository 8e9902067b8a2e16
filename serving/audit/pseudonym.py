"""Keyed pseudonyms: persons are recorded by an HMAC digest, never by name.

Without the key a pseudonym cannot be resolved, not even by trying names; with it, the entries of a
person can be found. Destroying the key makes the log anonymous.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from data.lake import Lake
from serving.audit.log.canonical_json import canonicalize
from serving.audit.transparency.durable_files import create_private_file, read_private_file
from serving.runtime.settings import AuditSettings

KEY_BYTES = 32
KEY_FILE = "people.key"
PREFIX = "person-"
PSEUDONYM_DIGITS = 32
DIGEST_DOMAIN = "exception-triage/person/1"


@dataclass(frozen=True)
class Pseudonyms:
    """Makes pseudonyms. key: 32 random bytes. tenant: a person has another pseudonym in each."""

    key: bytes = field(repr=False)
    tenant: str = "default"

    @classmethod
    def load_or_make(cls, path: Path, tenant: str = "default") -> Self:
        """Load the key from a file; create it if there is none, once for all processes.

        Raises:
            OSError: the file cannot be read or made.
            ValueError: others can read it, or it does not hold 32 bytes.
        """
        if not path.exists():
            create_private_file(path, lambda: secrets.token_bytes(KEY_BYTES))
        key = read_private_file(path, "the key of pseudonyms")
        if len(key) != KEY_BYTES:
            raise ValueError(
                f"{path} holds {len(key)} bytes; a key of pseudonyms has {KEY_BYTES}. "
                "Another key gives everybody another pseudonym: bring the old file back"
            )
        return cls(key, tenant)

    def of(self, person: str) -> str:
        """Return the pseudonym of a person: `person-` and 32 hexadecimal digits.

        It is the HMAC-SHA256 (RFC 2104) of tenant and identifier, cut to 128 bits. Spaces around
        the identifier do not count, and its Unicode forms are the same person (NFC).

        Raises:
            ValueError: the identifier is empty or only spaces.
        """
        identifier = unicodedata.normalize("NFC", person).strip()
        if not identifier:
            raise ValueError("a person's identifier is empty; it takes 1 to 200 characters")
        message = canonicalize([DIGEST_DOMAIN, self.tenant, identifier]).encode()
        return PREFIX + hmac.digest(self.key, message, "sha256").hex()[:PSEUDONYM_DIGITS]

    def digest(self, content: bytes) -> str:
        """Return the HMAC-SHA256 of a body that may hold a name, hexadecimal.

        A digest without a key could be matched by trying names.
        """
        return hmac.digest(self.key, content, "sha256").hex()


def open_pseudonyms(lake: Lake, settings: AuditSettings | None = None) -> Pseudonyms:
    """Open the pseudonyms by the key that the settings name, or else the key of the lake.

    Raises:
        OSError, ValueError: as `Pseudonyms.load_or_make`.
    """
    found = settings or AuditSettings()
    path = found.pseudonym_key_file or lake.home / KEY_FILE
    return Pseudonyms.load_or_make(path, found.tenant)
