"""Scoring endpoints: read requests, batch them, score the batch, and answer each by itself.

A batch shares the work, never a result: each request is answered or refused on its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

from pydantic import BaseModel, ValidationError
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from structlog.contextvars import bound_contextvars

from models.task import TaskName
from serving.audit.log.errors import AuditUnavailableError, IdempotencyKeyUsedError
from serving.audit.log.group_commit import CommitResult, IdempotencyKey
from serving.auth.caller import Caller, scoring_scope
from serving.http.authentication import check_sites, require_scope
from serving.http.cases_by_id import complete_cases_by_id
from serving.http.idempotency_key import json_response, read_identity
from serving.http.lookups import loaded_engine
from serving.http.problems import Problem
from serving.http.request_body import LARGE_BODY_BYTES, read_body
from serving.http.validation_errors import validation_problem
from serving.pipeline.batch import ScoringRequest
from serving.pipeline.engine import Engine
from serving.pipeline.micro_batcher import BatcherClosedError, MicroBatcher
from serving.pipeline.response import answer_as_recorded, survives_canonical_json
from serving.recommendation.recommendation import Answer
from serving.runtime.context import RequestContext
from serving.tasks.messages import CaseMessage, Explain, TaskRequest
from serving.telemetry.traces import ParentContext, current_context, with_parents

LARGE_REQUEST_THREADS = 2
"""Threads that score large requests beside the thread for small ones."""

ScoringResult = Response | Exception


class ScoringEndpoint(Protocol):
    """The address of one task, or of mixed cases: how requests are read and answers written."""

    @property
    def description(self) -> str:
        """Return a sentence that says what the address answers."""

    @property
    def request_schema(self) -> type[BaseModel]:
        """Model of the request body."""

    @property
    def response_schema(self) -> type[BaseModel]:
        """Model of the response body."""

    @property
    def site_prefix(self) -> str:
        """Path of the case's fields within an item, such as `case.`; empty for the item itself."""

    @property
    def operation(self) -> str:
        """Name under which an Idempotency-Key is recorded."""

    def authorize(self, request: HttpRequest) -> Caller:
        """Return the caller, if they may use this address at all.

        Raises:
            Problem: 401 or 403.
        """

    def read(self, received: ReceivedRequest) -> ScoringRequest:
        """Parse the cases of a body and what is to be explained.

        Raises:
            Problem: the body cannot be read, or the caller may not have it scored.
        """

    def content(self, answer: Answer) -> BaseModel:
        """Return the body of the response."""

    def locate_error(self, engine: Engine, request: ScoringRequest, error: Exception) -> Exception:
        """Return the error with the path of its field as the caller wrote the request."""


@dataclass(frozen=True)
class ReceivedRequest:
    """A request whose body has been received but not parsed.

    context: recorded with its answer. key: its Idempotency-Key, None without one. parent: the
    trace span that spans of its work are children of.
    """

    engine: Engine
    endpoint: ScoringEndpoint
    caller: Caller
    body: bytes
    context: RequestContext
    key: IdempotencyKey | None
    parent: ParentContext


ScoringBatcher = MicroBatcher[ReceivedRequest, Response]


def create_batchers() -> tuple[ScoringBatcher, ScoringBatcher]:
    """Create the batcher of small requests, and that of large ones, which go one by one."""
    return MicroBatcher(process_requests), MicroBatcher(
        process_requests, lanes=LARGE_REQUEST_THREADS, most=1
    )


async def score_request(request: HttpRequest, endpoint: ScoringEndpoint) -> Response:
    """Answer one request, in a batch with others that wait; a large one goes by itself.

    Raises:
        Problem: 503 while the service loads or stops; 4xx where the request is refused.
        Exception: whatever scoring it raised.
    """
    caller, engine = endpoint.authorize(request), loaded_engine(request)
    body = await read_body(request)
    context, key = read_identity(request, engine, endpoint.operation, body)
    received = ReceivedRequest(engine, endpoint, caller, body, context, key, current_context())
    state = request.app.state
    batcher: ScoringBatcher = state.scoring if len(body) < LARGE_BODY_BYTES else state.scoring_large
    try:
        return await batcher.submit(received)
    except BatcherClosedError:
        mend = "send the same again in a few seconds"
        raise Problem(503, "the service is stopping", mend=mend, retry_after=5) from None


def process_requests(batch: Sequence[ReceivedRequest]) -> list[ScoringResult]:
    """Answer a batch of requests.

    Log lines written meanwhile name the trace of the request, or the traces of all.

    Returns:
        For each request its response, or the error that it is refused with; in order.
    """
    traces = [received.context.trace_id for received in batch]
    variables = {"trace_ids": traces} if len(traces) > 1 else {"trace_id": traces[0]}
    with bound_contextvars(**variables):
        return _process(batch)


def _process(batch: Sequence[ReceivedRequest]) -> list[ScoringResult]:
    results = dict[int, ScoringResult]()
    with ExitStack() as held_keys:
        new = list(_without_replayed(batch, held_keys, results))
        requests = dict(_parse_requests(batch, new, results))
        with with_parents([batch[place].parent for place in requests]):
            answers = _score_together(batch, list(requests.values()))
        for place, answer in zip(requests, answers, strict=True):
            try:
                results[place] = _result_of(batch[place], requests[place], answer)
            except Exception as error:  # noqa: BLE001 - its own, and nobody else's
                results[place] = error
    return [results[place] for place in range(len(batch))]


def _without_replayed(
    batch: Sequence[ReceivedRequest], held_keys: ExitStack, results: dict[int, ScoringResult]
) -> Iterable[int]:
    """Return the places of new requests; those answered before get their recorded answer.

    Keys are held until `held_keys` is closed.
    """
    keys = dict[int, IdempotencyKey]()
    for place, received in enumerate(batch):
        if received.key is not None:
            try:
                held_keys.enter_context(received.engine.idempotency.hold(received.key))
            except Exception as error:  # noqa: BLE001 - it is the answer
                results[place] = error
            else:
                keys[place] = received.key
    for place, stored in zip(keys, _stored_answers(batch, list(keys.values())), strict=True):
        if isinstance(stored, Exception):
            results[place] = stored
        elif stored is not None:
            results[place] = _replayed_response(batch[place], stored)
    return (place for place in range(len(batch)) if place not in results)


def _stored_answers(
    batch: Sequence[ReceivedRequest], keys: Sequence[IdempotencyKey]
) -> Sequence[CommitResult | Exception | None]:
    if not keys:
        return []
    try:
        return batch[0].engine.idempotency.stored_many(keys)
    except AuditUnavailableError as error:
        return [error] * len(keys)


def _parse_requests(
    batch: Sequence[ReceivedRequest], places: Iterable[int], results: dict[int, ScoringResult]
) -> Iterable[tuple[int, ScoringRequest]]:
    """Parse the requests in those places; one that cannot be read or is forbidden is refused."""
    for place in places:
        received = batch[place]
        try:
            request = received.endpoint.read(received)
            sites = (case.site_id for _, case in request.cases)  # type: ignore[attr-defined] # made at run time
            check_sites(received.caller, sites, received.endpoint.site_prefix)
        except Exception as error:  # noqa: BLE001 - it is the answer
            results[place] = error
        else:
            yield place, request


def _score_together(
    batch: Sequence[ReceivedRequest], requests: Sequence[ScoringRequest]
) -> Sequence[Answer | Exception]:
    return batch[0].engine.answer_requests(requests) if requests else []


def _result_of(
    received: ReceivedRequest, request: ScoringRequest, answer: Answer | Exception
) -> ScoringResult:
    match answer:
        case Answer():
            return _response_of(received, answer)
        case IdempotencyKeyUsedError() if request.key is not None:
            return _replayed_response(
                received, received.engine.idempotency.stored_meanwhile(request.key, answer)
            )
        case _:
            return received.endpoint.locate_error(received.engine, request, answer)


def _response_of(received: ReceivedRequest, answer: Answer) -> Response:
    text = received.endpoint.content(answer).model_dump_json()
    if not survives_canonical_json(text):
        recorded = answer_as_recorded(answer, received.engine.tasks)
        text = received.endpoint.content(recorded).model_dump_json()
    return json_response(text)


def _replayed_response(received: ReceivedRequest, stored: CommitResult) -> ScoringResult:
    """Return the recorded answer, if the caller may still see its sites."""
    try:
        sites = (entry.envelope.site for entry in stored.entries)
        check_sites(received.caller, sites, received.endpoint.site_prefix)
        content = received.endpoint.content(received.engine.recorded_answer(stored))
    except Exception as error:  # noqa: BLE001 - it is the answer
        return error
    return json_response(content.model_dump_json(), replayed=True)


@dataclass(frozen=True)
class TaskEndpoint:
    """The address of one task."""

    name: TaskName
    request: TaskRequest
    description: str = ""
    site_prefix: str = ""
    response_schema: type[BaseModel] = Answer

    @property
    def request_schema(self) -> type[BaseModel]:
        """Model of the request body."""
        return self.request.body_model

    @property
    def operation(self) -> str:
        """Name under which an Idempotency-Key is recorded."""
        return f"score {self.name}"

    def authorize(self, request: HttpRequest) -> Caller:
        """Return the caller, who needs the scope of the task."""
        return require_scope(request, scoring_scope(self.name))

    def read(self, received: ReceivedRequest) -> ScoringRequest:
        """Parse a body whose cases are all of the task."""
        try:
            cases, explain = self.request.read_with_explain(received.body)
        except ValidationError as error:
            cases, explain = self._read_by_id(received, error)
        named = [(self.name, case) for case in cases]
        return ScoringRequest(named, received.context, received.key, explain)

    def _read_by_id(
        self, received: ReceivedRequest, error: ValidationError
    ) -> tuple[list[CaseMessage], Explain]:
        """Read a body in which cases are given by their id alone."""
        engine = received.engine
        body = complete_cases_by_id(
            received.body,
            engine.tasks[self.name].reference,
            received.caller,
            lambda case: engine.open_case(self.name, case),
        )
        if body is None:
            raise validation_problem(error, self.request) from error
        try:
            return self.request.read_with_explain(body)
        except ValidationError as completed:
            raise validation_problem(completed, self.request) from completed

    def content(self, answer: Answer) -> BaseModel:
        """Return the answer itself."""
        return answer

    def locate_error(self, engine: Engine, request: ScoringRequest, error: Exception) -> Exception:  # noqa: ARG002 - see the protocol
        """Return the error: its path is that of the request."""
        return error
