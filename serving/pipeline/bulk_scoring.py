"""Bulk scoring: many cases through the engine, in batches, each recorded once a day.

Every case is a request of its own with an idempotency key made from the day and the case. A run
that was stopped goes on where it stopped, and a second run of the day answers from the record
what has not changed since. Batches share the work and the transaction, never a result.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice
from typing import Any

from pydantic import ValidationError

from models.task import TaskName
from serving.audit.log.errors import AuditUnavailableError
from serving.audit.log.group_commit import CommitResult, IdempotencyKey
from serving.pipeline.batch import ScoringRequest
from serving.pipeline.engine import Engine
from serving.recommendation.recommendation import Answer, Recommendation
from serving.runtime.context import RequestContext, parse_trace_id
from serving.tasks.messages import ASKED_AT, CaseMessage, Explain

CALLER = "triage score"
BATCH_CASES = 200
_KEY_DIGITS = 32


@dataclass(frozen=True)
class BulkResult:
    """Outcome of one case.

    Attributes:
        case: values of the reference columns, joined by "/".
        recommendation: None where the case was refused.
        error: why it was refused; "" where it was answered.
        repeated: whether it had been answered on this day before.
    """

    case: str
    recommendation: Recommendation | None = None
    error: str = ""
    repeated: bool = False


@dataclass(frozen=True)
class BulkScorer:
    """Scores cases of any number of tasks for one day.

    Attributes:
        engine: as `load_engine` makes it; its limit of time for an answer is lifted.
        day: day of the keys; a case is recorded once a day unless its content changes.
        explain: which answers come with their reasons.
    """

    engine: Engine
    day: date
    explain: Explain = Explain.FLAGGED
    _unlimited: Engine = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_unlimited", replace(self.engine, time_limit=float("inf")))

    def score(self, task: TaskName, bodies: Sequence[Mapping[str, Any]]) -> Iterator[BulkResult]:
        """Yield one result a case, in their order.

        bodies: cases as a caller would send them (`cases` of a request).

        Raises:
            AuditUnavailableError: the record cannot be read or written; what was yielded is on it.
        """
        pending = iter(bodies)
        while batch := list(islice(pending, BATCH_CASES)):
            yield from self._score_batch(task, batch)

    def _score_batch(
        self, task: TaskName, bodies: Sequence[Mapping[str, Any]]
    ) -> Iterator[BulkResult]:
        names = [self._case_id(task, body) for body in bodies]
        results = dict[int, BulkResult]()
        keys = [self._key(task, name, body) for name, body in zip(names, bodies, strict=True)]
        for place, stored in enumerate(self._unlimited.idempotency.stored_many(keys)):
            if isinstance(stored, Exception):
                results[place] = BulkResult(names[place], error=str(stored))
            elif stored is not None:
                results[place] = self._repeated(names[place], stored)
        requests = dict[int, ScoringRequest]()
        for place, body in enumerate(bodies):
            if place in results:
                continue
            message = self._read(task, body)
            if isinstance(message, str):
                results[place] = BulkResult(names[place], error=message)
            else:
                context = RequestContext(
                    parse_trace_id(None), CALLER, keys[place].key, self.engine.code
                )
                requests[place] = ScoringRequest(
                    [(task, message)], context, keys[place], self.explain
                )
        answers = self._unlimited.answer_requests(list(requests.values())) if requests else []
        for place, answer in zip(requests, answers, strict=True):
            results[place] = _result(names[place], answer)
        yield from (results[place] for place in range(len(bodies)))

    def _case_id(self, task: TaskName, body: Mapping[str, Any]) -> str:
        columns = self._unlimited.tasks[task].reference
        return "/".join(str(body.get(str(column), "")) for column in columns)

    def _key(self, task: TaskName, name: str, body: Mapping[str, Any]) -> IdempotencyKey:
        """Make the key of a case on this day; the moment asked about is not part of it."""
        facts = {key: value for key, value in body.items() if key != ASKED_AT}
        text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).hexdigest()
        name_digest = hashlib.sha256(f"{task}/{name}/{digest}".encode()).hexdigest()
        key = f"{self.day.isoformat()}-{name_digest[:_KEY_DIGITS]}"
        return IdempotencyKey(CALLER, key, f"score {task}", digest)

    def _read(self, task: TaskName, body: Mapping[str, Any]) -> CaseMessage | str:
        """Read a case as a request's; the first error in words where it cannot be read."""
        try:
            text = json.dumps({"cases": [body]}).encode()
            (message,) = self._unlimited.tasks[task].request.read(text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"][2:])
            return f"{where}: {first['msg']}"
        return message

    def _repeated(self, name: str, stored: CommitResult) -> BulkResult:
        (recommendation,) = self._unlimited.recorded_answer(stored).recommendations
        return BulkResult(name, recommendation, repeated=True)


def _result(name: str, answer: Answer | Exception) -> BulkResult:
    if isinstance(answer, AuditUnavailableError):
        raise answer
    if isinstance(answer, Exception):
        return BulkResult(name, error=str(answer))
    (recommendation,) = answer.recommendations
    return BulkResult(name, recommendation)
