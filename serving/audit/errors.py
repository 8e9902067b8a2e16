"""What can go wrong with the record."""

from __future__ import annotations

from typing import Any


class AuditUnavailableError(RuntimeError):
    """The record cannot be written or read, so nothing may be answered."""


class TakenError(RuntimeError):
    """An entry of that id is on record; nothing was recorded."""

    def __init__(self, identifier: str) -> None:
        super().__init__(f"entry {identifier!r} is on record; nothing was recorded")
        self.id = identifier


class KeyTakenError(RuntimeError):
    """The idempotency key is on record; nothing was recorded. row: of the table `requests`."""

    def __init__(self, row: dict[str, Any]) -> None:
        super().__init__(f"the idempotency key {row['key']!r} was used; nothing was recorded")
        self.row = row
