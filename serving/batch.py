"""Cases of one task that are asked together, as plain values."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from data.contracts.table import KNOWN_AT
from serving.api.messages import CaseMessage
from serving.catalogue import Served
from serving.recommend import Asked

Record = Mapping[str, Any]


class FromTheFutureError(ValueError):
    """A case that is asked now holds what became known later; `field` is its path."""

    def __init__(self, field: str, known: datetime, now: datetime) -> None:
        super().__init__(f"{field} is after now")
        self.field, self.known, self.now = field, known, now


@dataclass(frozen=True)
class Batch:
    """Cases of one task that are asked together."""

    entry: Served
    records: list[Record]
    asked_at: list[datetime]
    now: datetime

    @classmethod
    def of(cls, entry: Served, cases: Sequence[CaseMessage], now: datetime) -> Batch:
        """The cases as plain values; a case that names no moment is asked now.

        Raises:
            FromTheFutureError: a case that is asked now and holds what is known later.
        """
        records = [entry.request.plain(case) for case in cases]
        _refuse_the_future(entry, records, now)
        return cls(entry, records, [record["asked_at"] or now for record in records], now)

    def __len__(self) -> int:
        return len(self.records)

    def reference(self, row: int) -> list[str]:
        """Which case it is, part by part."""
        return [str(self.records[row][name]) for name in self.entry.reference]

    def asked(self, row: int) -> Asked:
        """A case under a new name of its own."""
        name, record = str(uuid.uuid4()), self.records[row]
        entry, at = self.entry, self.asked_at[row]
        return Asked(name, entry.task, record, entry.reference, at, self.now)

    def some(self, rows: Sequence[int]) -> Batch:
        """Those of its cases."""
        records = [self.records[row] for row in rows]
        return Batch(self.entry, records, [self.asked_at[row] for row in rows], self.now)


def _refuse_the_future(entry: Served, records: Sequence[Record], now: datetime) -> None:
    """A message checks a case that names its moment; here those that are asked now."""
    for i, record in enumerate(records):
        for child in entry.request.shape.children if record["asked_at"] is None else ():
            for j, row in enumerate(record[child]):
                if row[KNOWN_AT] > now:
                    field = f"cases[{i}].{child}[{j}].{KNOWN_AT}"
                    raise FromTheFutureError(field, row[KNOWN_AT], now)
