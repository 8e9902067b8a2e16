"""A scoring request as the engine takes it, and batches of cases of one task."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
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

    cases: each with the name of its task, in the caller's order. key: recorded with the answer,
    so that the same request sent again gets the same answer. explain: which recommendations
    come with their reasons.
    """

    cases: Sequence[tuple[TaskName, CaseMessage]]
    context: RequestContext
    key: IdempotencyKey | None = None
    explain: Explain = field(default=Explain.ALL)


Record = Mapping[str, Any]


class FromTheFutureError(ValueError):
    """A case states something that became known after the moment it is asked about.

    field: path of the moment. known: that moment. now: the service's clock. asked_at: of the case;
    None where it is asked about now.
    """

    def __init__(
        self, field: str, known: datetime, now: datetime, asked_at: datetime | None
    ) -> None:
        super().__init__(f"{field} is after {'now' if asked_at is None else 'asked_at'}")
        self.field, self.known, self.now, self.asked_at = field, known, now, asked_at


@dataclass(frozen=True)
class CaseBatch:
    """Cases of one task, of one request or several, that are scored together.

    All lists have one item a case. messages: as they were sent and then completed; records: the
    same as plain values. requests: the request that each case is from. lake_context: what is
    recorded of what was added to a case; empty before `serving.pipeline.completion`.
    """

    served: ServedTask
    messages: list[CaseMessage]
    records: list[Record]
    asked_at: list[datetime]
    requests: list[ScoringRequest]
    now: datetime
    lake_context: list[Mapping[str, Any]] = field(default_factory=list)

    @classmethod
    def from_request(
        cls,
        served: ServedTask,
        request: ScoringRequest,
        now: datetime,
        ahead: timedelta = timedelta(),
    ) -> CaseBatch:
        """Collect the cases of one task; a case that names no moment is asked about now.

        ahead: how far the clock of the system that knew may be ahead of the one that asks.

        Raises:
            FromTheFutureError: a case states something known later than it is asked about.
        """
        cases = [case for task, case in request.cases if task == served.task.name]
        _reject_future_facts(served, cases, now, ahead)
        records = [served.request.to_record(case) for case in cases]
        moments = [record["asked_at"] or now for record in records]
        return cls(served, cases, records, moments, [request] * len(cases), now)

    @classmethod
    def concatenate(cls, batches: Sequence[CaseBatch]) -> CaseBatch:
        """Join batches of the same task and moment, in their order."""
        first = batches[0]
        if len(batches) == 1:
            return first
        return cls(
            first.served,
            [one for batch in batches for one in batch.messages],
            [one for batch in batches for one in batch.records],
            [one for batch in batches for one in batch.asked_at],
            [one for batch in batches for one in batch.requests],
            first.now,
        )

    def __len__(self) -> int:
        return len(self.records)

    def reference(self, row: int) -> list[str]:
        """Return the values of the reference columns, which say which case it is."""
        return [str(self.records[row][name]) for name in self.served.reference]

    def recorded_context(self, row: int) -> dict[str, Any]:
        """Return the context of a case's request as recorded, with what the lake added to it."""
        context = self.requests[row].context.recorded()
        return {**context, **self.lake_context[row]} if self.lake_context else context

    def case_input(self, row: int) -> CaseInput:
        """Return a case to advise on, under a new id."""
        return CaseInput(
            str(uuid.uuid4()), self.served, self.records[row], self.asked_at[row], self.now
        )

    def subset(self, rows: Sequence[int]) -> CaseBatch:
        """Return the batch of those rows only."""
        if len(rows) == len(self):
            return self
        return CaseBatch(
            self.served,
            [self.messages[row] for row in rows],
            [self.records[row] for row in rows],
            [self.asked_at[row] for row in rows],
            [self.requests[row] for row in rows],
            self.now,
            [self.lake_context[row] for row in rows] if self.lake_context else [],
        )


def _reject_future_facts(
    served: ServedTask, cases: Sequence[CaseMessage], now: datetime, ahead: timedelta
) -> None:
    for i, case in enumerate(cases):
        latest = (case.asked_at or now) + ahead
        for child in served.request.shape.children:
            for j, row in enumerate(getattr(case, child)):
                if row.known_at > latest:
                    field = f"cases[{i}].{child}[{j}].{KNOWN_AT}"
                    raise FromTheFutureError(field, row.known_at, now, case.asked_at)
