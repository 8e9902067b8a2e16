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
"""How soon a key that was made is taken, and one that was revoked is not."""
OUTDATED_SECONDS = 30.0
"""Without a look at the record for so long, no key is taken: it may have been revoked."""
KEY_ENTRY_KINDS = (EntryKind.KEY_CREATED, EntryKind.KEY_REVOKED)
LOG = logging.getLogger("triage.access")


class KeyRing:
    """Keys by id. Safe to look up from several threads while one of them reads."""

    def __init__(self, audit: AuditStore) -> None:
        self._audit = audit
        self._keys: dict[str, ApiKey] = {}
        self._revoked: set[str] = set()
        self._seen = 0
        self._read_at = float("-inf")
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="keys", daemon=True)

    def read(self) -> None:
        """What was recorded of keys since the last look.

        Raises:
            AuditUnavailableError: the record cannot be read.
        """
        for entry in self._since():
            self._take(entry)
            self._seen = entry.sequence
        self._read_at = time.monotonic()

    def caller(self, shown: str, now: datetime) -> Caller:
        """Who asks with that key.

        Raises:
            RefusedError: none, another secret, expired or revoked.
            RecordTooOldError: the record was not read for too long.
        """
        if time.monotonic() - self._read_at > OUTDATED_SECONDS:
            raise KeysOutdatedError("keys cannot be looked up: the record cannot be read")
        key = self._keys.get(key_identifier(shown))
        if key is None:
            raise AuthenticationError(Refusal.NO_SUCH_KEY)
        caller = key.check(shown, now)
        if key.id in self._revoked:
            raise AuthenticationError(Refusal.REVOKED)
        return caller

    def all(self) -> Iterator[tuple[ApiKey, bool]]:
        """Every key, the oldest first, and whether it was revoked."""
        for key in self._keys.values():
            yield key, key.id in self._revoked

    def live(self, now: datetime) -> list[ApiKey]:
        """Keys that are taken."""
        return [key for key, revoked in self.all() if not revoked and now < key.expires_at]

    def start(self) -> None:
        """Read, and go on reading on a thread of its own.

        Raises:
            AuditUnavailableError: the record cannot be read.
        """
        self.read()
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Read no more."""
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
        # task is "" for all of them, and said so for the index.
        new = (ENTRIES.c.task == "", ENTRIES.c.sequence > self._seen)
        return self._audit.select(queries.entries_of_kinds(KEY_ENTRY_KINDS).where(*new))

    def _take(self, entry: Entry) -> None:
        if entry.kind is EntryKind.KEY_REVOKED:
            self._revoked.add(entry.envelope.reference)
        elif entry.body is not None:
            self._keys[entry.envelope.reference] = ApiKey.recorded(entry.payload, entry.recorded_at)
