"""A scoring request as the engine takes it, and batches of cases of one task as plain values."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from data.contracts.table import KNOWN_AT
from models.task import TaskName
from serving.audit.log.group_commit import IdempotencyKey
from serving.recommendation.recommend import CaseInput
from serving.runtime.context import RequestContext
from serving.tasks.messages import CaseMessage, Explain
from serving.tasks.served_task import ServedTask


@dataclass(frozen=True)
class ScoringRequest:
    """One request.

    cases: each with its task, in order. key: recorded with the answer, so that the same request
    sent again gets the same. explain: which answers come with their reasons.
    """

    cases: Sequence[tuple[TaskName, CaseMessage]]
    context: RequestContext
    key: IdempotencyKey | None = None
    explain: Explain = field(default=Explain.ALL)


Record = Mapping[str, Any]


class FromTheFutureError(ValueError):
    """A case that is asked now holds what became known later; `field` is its path."""

    def __init__(self, field: str, known: datetime, now: datetime) -> None:
        super().__init__(f"{field} is after now")
        self.field, self.known, self.now = field, known, now


@dataclass(frozen=True)
class CaseBatch:
    """Cases of one task that are asked together, by one request or several.

    messages: as they came; records: the same as plain values. asks: whose each of them is.
    """

    entry: ServedTask
    messages: list[CaseMessage]
    records: list[Record]
    asked_at: list[datetime]
    asks: list[ScoringRequest]
    now: datetime

    @classmethod
    def of(cls, entry: ServedTask, ask: ScoringRequest, now: datetime) -> CaseBatch:
        """The cases that a request asks of that task; one that names no moment is asked now.

        Raises:
            FromTheFutureError: a case that is asked now and holds what is known later.
        """
        cases = [case for task, case in ask.cases if task == entry.task.name]
        records = [entry.request.to_record(case) for case in cases]
        _reject_future_facts(entry, records, now)
        moments = [record["asked_at"] or now for record in records]
        return cls(entry, cases, records, moments, [ask] * len(cases), now)

    @classmethod
    def concatenate(cls, batches: Sequence[CaseBatch]) -> CaseBatch:
        """Batches of one task and moment as one, in their order."""
        first = batches[0]
        if len(batches) == 1:
            return first
        return cls(
            first.entry,
            [one for batch in batches for one in batch.messages],
            [one for batch in batches for one in batch.records],
            [one for batch in batches for one in batch.asked_at],
            [one for batch in batches for one in batch.asks],
            first.now,
        )

    def __len__(self) -> int:
        return len(self.records)

    def reference(self, row: int) -> list[str]:
        """Which case it is, part by part."""
        return [str(self.records[row][name]) for name in self.entry.reference]

    def asked(self, row: int) -> CaseInput:
        """A case under a new name of its own."""
        name, record = str(uuid.uuid4()), self.records[row]
        return CaseInput(name, self.entry, record, self.asked_at[row], self.now)

    def some(self, rows: Sequence[int]) -> CaseBatch:
        """Those of its cases."""
        if len(rows) == len(self):
            return self
        return CaseBatch(
            self.entry,
            [self.messages[row] for row in rows],
            [self.records[row] for row in rows],
            [self.asked_at[row] for row in rows],
            [self.asks[row] for row in rows],
            self.now,
        )


def _reject_future_facts(entry: ServedTask, records: Sequence[Record], now: datetime) -> None:
    """A message checks a case that names its moment; here those that are asked now."""
    for i, record in enumerate(records):
        for child in entry.request.shape.children if record["asked_at"] is None else ():
            for j, row in enumerate(record[child]):
                if row[KNOWN_AT] > now:
                    field = f"cases[{i}].{child}[{j}].{KNOWN_AT}"
                    raise FromTheFutureError(field, row[KNOWN_AT], now)
