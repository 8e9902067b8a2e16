"""API keys from the audit log, read again every second so that a revocation takes effect."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from datetime import datetime

from serving.audit.log import queries
from serving.audit.log.entry import Entry
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.errors import AuditUnavailableError
from serving.audit.log.store import AuditStore
from serving.audit.log.tables import ENTRIES
from serving.auth.api_key import ApiKey, key_identifier
from serving.auth.caller import AuthenticationError, Caller, KeysOutdatedError, Refusal

REFRESH_SECONDS = 1.0
"""Time after which a new key is valid, and a revoked key no longer is."""
OUTDATED_SECONDS = 30.0
"""After so long without reading the audit log no key is valid: it may have been revoked."""
KEY_ENTRY_KINDS = (EntryKind.KEY_CREATED, EntryKind.KEY_REVOKED)
LOG = logging.getLogger("triage.access")


class KeyRing:
    """API keys by id. Threads may look keys up while another one reads."""

    def __init__(self, audit: AuditStore) -> None:
        self._audit = audit
        self._keys: dict[str, ApiKey] = {}
        self._revoked: set[str] = set()
        self._seen = 0
        self._read_at = float("-inf")
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="keys", daemon=True)

    def read(self) -> None:
        """Read the entries about keys that were recorded since the last call.

        Raises:
            AuditUnavailableError: the audit log cannot be read.
        """
        for entry in self._since():
            self._take(entry)
            self._seen = entry.sequence
        self._read_at = time.monotonic()

    def caller(self, presented: str, now: datetime) -> Caller:
        """Return the caller of a presented key.

        Raises:
            AuthenticationError: an unknown, wrong, expired or revoked key.
            KeysOutdatedError: the audit log was not read for too long.
        """
        if time.monotonic() - self._read_at > OUTDATED_SECONDS:
            raise KeysOutdatedError("keys cannot be looked up: the record cannot be read")
        key = self._keys.get(key_identifier(presented))
        if key is None:
            raise AuthenticationError(Refusal.NO_SUCH_KEY)
        caller = key.check(presented, now)
        if key.id in self._revoked:
            raise AuthenticationError(Refusal.REVOKED)
        return caller

    def all(self) -> Iterator[tuple[ApiKey, bool]]:
        """Yield every key, the oldest first, and whether it was revoked."""
        for key in self._keys.values():
            yield key, key.id in self._revoked

    def live(self, now: datetime) -> list[ApiKey]:
        """Return the keys that are valid now."""
        return [key for key, revoked in self.all() if not revoked and now < key.expires_at]

    def start(self) -> None:
        """Read the keys, and keep reading them on a background thread.

        Raises:
            AuditUnavailableError: the audit log cannot be read.
        """
        self.read()
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Stop the background thread."""
        self._end.set()
        self._thread.join(seconds)

    def _follow(self) -> None:
        failing = False
        while not self._end.wait(REFRESH_SECONDS):
            try:
                self.read()
                failing = False
            except AuditUnavailableError as error:
                if not failing:
                    LOG.warning("keys cannot be read again: %s", error)
                failing = True

    def _since(self) -> list[Entry]:
        # These entries have no task; the condition makes the index usable.
        new = (ENTRIES.c.task == "", ENTRIES.c.sequence > self._seen)
        return self._audit.select(queries.entries_of_kinds(KEY_ENTRY_KINDS).where(*new))

    def _take(self, entry: Entry) -> None:
        if entry.kind is EntryKind.KEY_REVOKED:
            self._revoked.add(entry.envelope.reference)
        elif entry.body is not None:
            self._keys[entry.envelope.reference] = ApiKey.recorded(entry.payload, entry.recorded_at)
