"""Scoring endpoints: read and batch requests, look up Idempotency-Keys, score, respond.

Each is answered or refused by itself; only the work is shared.
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
from serving.auth.caller import Caller
from serving.auth.caller import scoring_scope as scope_of
from serving.http.authentication import check_sites, require_scope
from serving.http.idempotency_key import Reply, RequestIdentity, read_identity
from serving.http.lookups import loaded_engine
from serving.http.problems import Problem
from serving.http.request_body import LARGE_BODY_BYTES, read_body
from serving.http.validation_errors import validation_problem
from serving.pipeline.batch import ScoringRequest
from serving.pipeline.engine import Engine
from serving.pipeline.micro_batcher import BatcherClosedError, MicroBatcher
from serving.pipeline.response import answer_as_recorded, survives_canonical_json
from serving.recommendation.recommendation import Answer
from serving.tasks.messages import CaseMessage, Explain, TaskRequest
from serving.telemetry.traces import ParentContext, current_context, with_parents

LARGE_REQUEST_THREADS = 2
"""Large requests that are worked on beside the small ones."""

ReadCases = tuple[Sequence[tuple[TaskName, CaseMessage]], Explain]
ScoringResult = Response | Exception


class ScoringEndpoint(Protocol):
    """What an address takes and gives."""

    @property
    def inside(self) -> str:
        """Where in a case its site is, see `callers`; empty for the case itself."""

    @property
    def operation(self) -> str:
        """Its name, under which an Idempotency-Key is kept."""

    def caller(self, request: HttpRequest) -> Caller:
        """Who asks, if they may ask this address anything.

        Raises:
            Problem: 401, 403.
        """

    def read(self, body: bytes, caller: Caller) -> ReadCases:
        """The cases in a body, each with its task, and what is to be explained.

        Raises:
            Problem: what cannot be read, or may not be asked.
        """

    def content(self, answer: Answer) -> BaseModel:
        """The answer as the address gives it."""

    def placed(self, engine: Engine, cases: ReadCases, error: Exception) -> Exception:
        """An error of a case, with the case's place as the caller wrote it."""


@dataclass(frozen=True)
class ReceivedRequest:
    """One request. above: the span that its own are below."""

    engine: Engine
    kind: ScoringEndpoint
    caller: Caller
    body: bytes
    asked: RequestIdentity
    above: ParentContext


ScoringBatcher = MicroBatcher[ReceivedRequest, Response]


def create_batchers() -> tuple[ScoringBatcher, ScoringBatcher]:
    """What answers small requests, those that come together in one go, and large ones."""
    return MicroBatcher(process_requests), MicroBatcher(
        process_requests, lanes=LARGE_REQUEST_THREADS, most=1
    )


async def score_request(request: HttpRequest, kind: ScoringEndpoint) -> Response:
    """The answer to one request, with others that wait; a large one goes by itself.

    Raises:
        Problem: 503 while the service loads or stops.
        whatever the request is refused with.
    """
    caller, engine = kind.caller(request), loaded_engine(request)
    body = await read_body(request)
    asked = read_identity(request, engine, kind.operation, body)
    question = ReceivedRequest(engine, kind, caller, body, asked, current_context())
    state = request.app.state
    gathering: ScoringBatcher = (
        state.scoring if len(question.body) < LARGE_BODY_BYTES else state.scoring_large
    )
    try:
        return await gathering.do(question)
    except BatcherClosedError:
        mend = "send the same again in a few seconds"
        raise Problem(503, "the service is stopping", mend=mend, retry_after=5) from None


def process_requests(questions: Sequence[ReceivedRequest]) -> list[ScoringResult]:
    """What each is answered with, or the error it is refused with; in order.

    What is logged meanwhile names the trace, or the traces, for which it was done.
    """
    traces = [question.asked.context.trace_id for question in questions]
    named = {"trace_ids": traces} if len(traces) > 1 else {"trace_id": traces[0]}
    with bound_contextvars(**named):
        return _process(questions)


def _process(questions: Sequence[ReceivedRequest]) -> list[ScoringResult]:
    settled = dict[int, ScoringResult]()
    with ExitStack() as held:
        new = list(_without_replayed(questions, held, settled))
        asks = dict(_scoring_requests(questions, new, settled))
        with with_parents([questions[place].above for place in asks]):
            given = _score_together(questions, list(asks.values()))
        for place, made in zip(asks, given, strict=True):
            try:
                settled[place] = _outcome_of(questions[place], asks[place], made)
            except Exception as error:  # noqa: BLE001 - its own, and nobody else's
                settled[place] = error
    return [settled[place] for place in range(len(questions))]


def _without_replayed(
    questions: Sequence[ReceivedRequest], held: ExitStack, settled: dict[int, ScoringResult]
) -> Iterable[int]:
    """Places of what was not asked before; the rest is settled. held: the keys, until the end."""
    keyed = dict[int, IdempotencyKey]()
    for place, question in enumerate(questions):
        if (key := question.asked.key) is not None:
            try:
                held.enter_context(question.engine.once.held(key))
            except Exception as error:  # noqa: BLE001 - it is the answer
                settled[place] = error
            else:
                keyed[place] = key
    for place, before in zip(keyed, _stored_answers(questions, list(keyed.values())), strict=True):
        if isinstance(before, Exception):
            settled[place] = before
        elif before is not None:
            settled[place] = _replayed_response(questions[place], before)
    return (place for place in range(len(questions)) if place not in settled)


def _stored_answers(
    questions: Sequence[ReceivedRequest], keys: Sequence[IdempotencyKey]
) -> Sequence[CommitResult | Exception | None]:
    if not keys:
        return []
    try:
        return questions[0].engine.once.stored_many(keys)
    except AuditUnavailableError as error:
        return [error] * len(keys)


def _scoring_requests(
    questions: Sequence[ReceivedRequest], places: Iterable[int], settled: dict[int, ScoringResult]
) -> Iterable[tuple[int, ScoringRequest]]:
    """What can be read and may be asked; the rest is settled."""
    for place in places:
        question = questions[place]
        try:
            cases, explain = question.kind.read(question.body, question.caller)
            sites = (case.site_id for _, case in cases)  # type: ignore[attr-defined] # made at run time
            check_sites(question.caller, sites, question.kind.inside)
        except Exception as error:  # noqa: BLE001 - it is the answer
            settled[place] = error
        else:
            yield place, ScoringRequest(cases, question.asked.context, question.asked.key, explain)


def _score_together(
    questions: Sequence[ReceivedRequest], asks: Sequence[ScoringRequest]
) -> Sequence[Answer | Exception]:
    return questions[0].engine.together(asks) if asks else []


def _outcome_of(
    question: ReceivedRequest, ask: ScoringRequest, made: Answer | Exception
) -> ScoringResult:
    match made:
        case Answer():
            return _response_of(question, made)
        case IdempotencyKeyUsedError() if ask.key is not None:
            return _replayed_response(question, question.engine.once.taken(ask.key, made))
        case _:
            return question.kind.placed(question.engine, (ask.cases, ask.explain), made)


def _response_of(question: ReceivedRequest, made: Answer) -> Response:
    reply = Reply(question.kind.content(made))
    text = reply.content.model_dump_json()
    if survives_canonical_json(text):
        return reply.of(text)
    return Reply(question.kind.content(answer_as_recorded(made, question.engine.tasks))).response()


def _replayed_response(question: ReceivedRequest, before: CommitResult) -> ScoringResult:
    """The same as before, if the caller may see its sites still."""
    try:
        sites = (entry.envelope.site for entry in before.entries)
        check_sites(question.caller, sites, question.kind.inside)
        content = question.kind.content(question.engine.again(before))
    except Exception as error:  # noqa: BLE001 - it is the answer
        return error
    return Reply(content, replayed=True).response()


@dataclass(frozen=True)
class TaskEndpoint:
    """The address of one task."""

    name: TaskName
    request: TaskRequest
    inside: str = ""

    @property
    def operation(self) -> str:
        """As `ScoringEndpoint` says."""
        return f"score {self.name}"

    def caller(self, request: HttpRequest) -> Caller:
        """As `ScoringEndpoint` says."""
        return require_scope(request, scope_of(self.name))

    def read(self, body: bytes, caller: Caller) -> ReadCases:  # noqa: ARG002 - see `caller`
        """As `ScoringEndpoint` says."""
        try:
            cases, explain = self.request.asked(body)
        except ValidationError as error:
            raise validation_problem(error, self.request) from error
        return [(self.name, case) for case in cases], explain

    def content(self, answer: Answer) -> BaseModel:
        """As `ScoringEndpoint` says."""
        return answer

    def placed(self, engine: Engine, cases: ReadCases, error: Exception) -> Exception:  # noqa: ARG002
        """As `ScoringEndpoint` says: its place is right."""
        return error
