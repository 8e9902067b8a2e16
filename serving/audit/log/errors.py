"""Errors of the audit log, with advice on how to repair the cause."""

from __future__ import annotations

from typing import Any

REMEDIES = {
    "database is locked": "another process is writing to it and does not finish; "
    "stop what holds it open (a backup, a sqlite3 shell)",
    "readonly database": "give the service's user the right to write the file and its folder",
    "unable to open database file": "give the service's user the right to write the folder",
    "disk is full": "make room on its disk, or move the audit to another",
    "disk I/O error": "look at the disk: the system's log says what it refused",
    "file is not a database": "the file holds something else; name another file",
    "database disk image is malformed": "restore the file from a copy, then verify it",
    "No space left on device": "make room on the server's disk",
    "read-only transaction": "the server is a standby; name the primary",
    "permission denied": "give the role the rights on the audit's tables",
    "lock timeout": "another writer does not finish: see pg_stat_activity and pg_locks",
    "Permission denied": "give the service's user the right to write the file and its folder",
    "Read-only file system": "mount it for writing, or move the audit to another disk",
    "password authentication failed": "see the user and password of the audit's URL",
    "Connection refused": "see that the server runs, and that address and port are right",
}
"""Part of a database's message, and what to do about it."""


class AuditUnavailableError(RuntimeError):
    """The audit log cannot be written or read, so no answer may be given.

    seconds: until the circuit breaker lets a caller try again; None if it is closed.
    """

    def __init__(self, message: str, seconds: float | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds


class DuplicateEntryError(RuntimeError):
    """An entry of that id is on record; nothing was recorded."""

    def __init__(self, identifier: str) -> None:
        super().__init__(f"entry {identifier!r} is on record; nothing was recorded")
        self.id = identifier


class IdempotencyKeyUsedError(RuntimeError):
    """The idempotency key is on record; nothing was recorded. row: of the table `requests`."""

    def __init__(self, row: dict[str, Any]) -> None:
        super().__init__(f"the idempotency key {row['key']!r} was used; nothing was recorded")
        self.row = row


def describe_error(error: BaseException) -> str:
    """Return the message of a database, driver or file system in one line, with a known remedy.

    It holds no values of the statement and no password: drivers do not repeat them.
    """
    message = " ".join(str(getattr(error, "orig", None) or error).split())
    remedy = next((advice for sign, advice in REMEDIES.items() if sign in message), "")
    return f"{message} ({remedy})" if remedy else message
