"""Keyed pseudonyms: persons are recorded by an HMAC digest, never by name.

Without the key nobody can tell who a pseudonym is, nor try names until one fits; with it, a
person's entries can be found again. Whoever destroys the key makes the record anonymous.
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
from serving.audit.settings import AuditSettings
from serving.audit.transparency.durable_files import create_private_file, read_private_file

KEY_BYTES = 32
KEY_FILE = "people.key"
PREFIX = "person-"
PSEUDONYM_DIGITS = 32
DIGEST_DOMAIN = "exception-triage/person/1"


@dataclass(frozen=True)
class Pseudonyms:
    """Makes pseudonyms. key: 32 random bytes. tenant: one person has another in each."""

    key: bytes = field(repr=False)
    tenant: str = "default"

    @classmethod
    def load_or_make(cls, path: Path, tenant: str = "default") -> Self:
        """With the key in that file, made if there is none. Processes that start at once get one.

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
        """The pseudonym of an identifier: `person-` and 32 hexadecimal digits.

        HMAC-SHA256 (RFC 2104) of tenant and identifier, cut to 128 bits. Spaces around it do
        not count, and one text in two Unicode forms is one person (NFC).

        Raises:
            ValueError: nothing but spaces.
        """
        named = unicodedata.normalize("NFC", person).strip()
        if not named:
            raise ValueError("a person's identifier is empty; it takes 1 to 200 characters")
        told = canonicalize([DIGEST_DOMAIN, self.tenant, named]).encode()
        return PREFIX + hmac.digest(self.key, told, "sha256").hex()[:PSEUDONYM_DIGITS]

    def digest(self, content: bytes) -> str:
        """Keyed digest of a body that may hold a name: HMAC-SHA256, hexadecimal.

        A plain digest would let whoever can read it try names until one fits.
        """
        return hmac.digest(self.key, content, "sha256").hex()


def open_pseudonyms(lake: Lake, settings: AuditSettings | None = None) -> Pseudonyms:
    """Those of the lake, or by the key that the settings name.

    Raises:
        OSError, ValueError: as `Pseudonyms.load_or_make`.
    """
    found = settings or AuditSettings()
    path = found.pseudonym_key_file or lake.home / KEY_FILE
    return Pseudonyms.load_or_make(path, found.tenant)
