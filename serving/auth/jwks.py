"""Public keys of the token issuer (JWKS, RFC 7517), from a file or URL, cached and refreshed."""

from __future__ import annotations

import json
import logging
import threading
import time
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Any

import jwt

from serving.runtime.settings import ASYMMETRIC_ALGORITHMS

LOG = logging.getLogger("triage.access")
MAX_BYTES = 2**20
FETCH_TIMEOUT_SECONDS = 5.0
MIN_REFRESH_SECONDS = 5.0
"""Least seconds between two reads: tokens with invented key names cannot cause more."""
STALE_SECONDS = 24 * 3600.0
"""Time for which the last keys stay valid while the issuer cannot be reached."""


class JsonWebKeySetError(RuntimeError):
    """The issuer's keys cannot be read."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Refuses redirects: keys come from the address in the settings or not at all."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nothing."""


class JsonWebKeySet:
    """Public keys by their `kid`.

    Attributes:
        where: a file or a URL.
        seconds: age at which the keys are read again.
    """

    def __init__(self, where: str, seconds: float) -> None:
        self.where, self.seconds = where, seconds
        self._keys: dict[str, jwt.PyJWK] = {}
        self._read_at = self._tried_at = float("-inf")
        self._turn = threading.Lock()

    def key(self, name: str) -> jwt.PyJWK | None:
        """Return the key of a name; None if it is unknown or the keys are too old."""
        if time.monotonic() - self._read_at > STALE_SECONDS:
            return None
        return self._keys.get(name)

    @property
    def due(self) -> bool:
        """True if the keys are old enough to be read again."""
        now = time.monotonic()
        return now - self._read_at > self.seconds and now - self._tried_at > MIN_REFRESH_SECONDS

    def look(self) -> bool:
        """Read the keys again unless that was just tried; return whether they are new.

        Blocks until the issuer has answered.
        """
        with self._turn:
            if time.monotonic() - self._tried_at < MIN_REFRESH_SECONDS:
                return time.monotonic() - self._read_at < MIN_REFRESH_SECONDS
            try:
                self.read()
            except JsonWebKeySetError as error:
                LOG.warning("%s; the last ones are kept", error)
                return False
            return True

    def read(self) -> None:
        """Read the keys now.

        Raises:
            JsonWebKeySetError: they cannot be read; the previous keys are kept.
        """
        self._tried_at = time.monotonic()
        try:
            self._keys = signing_keys(json.loads(self._content()))
        except (OSError, ValueError, HTTPException) as error:
            why = f"the issuer's keys cannot be read from {self.where}: {type(error).__name__}"
            raise JsonWebKeySetError(why) from error
        self._read_at = time.monotonic()

    def _content(self) -> bytes:
        if "://" not in self.where:
            return Path(self.where).read_bytes()[: MAX_BYTES + 1]
        opener = urllib.request.build_opener(_NoRedirect)
        with opener.open(self.where, timeout=FETCH_TIMEOUT_SECONDS) as answer:
            content: bytes = answer.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError("too large")
        return content


def signing_keys(document: Any) -> dict[str, jwt.PyJWK]:
    """Return the keys of a JWKS that may sign tokens, by their `kid`.

    Keys without a name, keys that are not for signatures, and symmetric keys are left out:
    whoever can read a symmetric key to verify could sign with it.

    Raises:
        ValueError: not a JWKS, or no key in it that can be used.
    """
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ValueError("not a JWKS")  # noqa: TRY004 - whatever is wrong with it is one error
    keys = {}
    for entry in listed:
        if isinstance(entry, dict) and entry.get("kid") and entry.get("use", "sig") == "sig":
            try:
                key = jwt.PyJWK(entry)
            except jwt.PyJWTError:
                continue
            if key.algorithm_name in ASYMMETRIC_ALGORITHMS:
                keys[str(entry["kid"])] = key
    if not keys:
        raise ValueError("no key that can be used")
    return keys
