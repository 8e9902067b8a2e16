"""From bodies to answers, of several requests at once: read, look for keys, ask the engine, reply.

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
from serving.answered import as_recorded, read_back
from serving.api.asking import Asking, asking
from serving.api.body import LARGE, read_body
from serving.api.callers import only_own_sites, require
from serving.api.loaded import engine_of
from serving.api.messages import CaseMessage, Request
from serving.api.problems import Problem, unreadable
from serving.api.reply import Reply
from serving.ask import Ask
from serving.audit.group import Committed, Key
from serving.audit.store import AuditUnavailableError, KeyTakenError
from serving.caller import Caller
from serving.caller import scoring as scope_of
from serving.engine import Engine
from serving.explain import Explain
from serving.gathering import ClosedError, Gathering
from serving.observe.traces import Above, below, here
from serving.recommendation import Answer

LARGE_AT_ONCE = 2
"""Large requests that are worked on beside the small ones."""

Read = tuple[Sequence[tuple[TaskName, CaseMessage]], Explain]
Result = Response | Exception


class Kind(Protocol):
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

    def read(self, body: bytes, caller: Caller) -> Read:
        """The cases in a body, each with its task, and what is to be explained.

        Raises:
            Problem: what cannot be read, or may not be asked.
        """

    def content(self, answer: Answer) -> BaseModel:
        """The answer as the address gives it."""

    def placed(self, engine: Engine, cases: Read, error: Exception) -> Exception:
        """An error of a case, with the case's place as the caller wrote it."""


@dataclass(frozen=True)
class Question:
    """One request. above: the span that its own are below."""

    engine: Engine
    kind: Kind
    caller: Caller
    body: bytes
    asked: Asking
    above: Above


Scoring = Gathering[Question, Response]


def gatherings() -> tuple[Scoring, Scoring]:
    """What answers small requests, those that come together in one go, and large ones."""
    return Gathering(answered), Gathering(answered, lanes=LARGE_AT_ONCE, most=1)


async def answer(request: HttpRequest, kind: Kind) -> Response:
    """The answer to one request, with others that wait; a large one goes by itself.

    Raises:
        Problem: 503 while the service loads or stops.
        whatever the request is refused with.
    """
    caller, engine = kind.caller(request), engine_of(request)
    body = await read_body(request)
    asked = asking(request, engine, kind.operation, body)
    question = Question(engine, kind, caller, body, asked, here())
    state = request.app.state
    gathering: Scoring = state.scoring if len(question.body) < LARGE else state.scoring_large
    try:
        return await gathering.do(question)
    except ClosedError:
        mend = "send the same again in a few seconds"
        raise Problem(503, "the service is stopping", mend=mend, retry_after=5) from None


def answered(questions: Sequence[Question]) -> list[Result]:
    """What each is answered with, or the error it is refused with; in order.

    What is logged meanwhile names the trace, or the traces, for which it was done.
    """
    traces = [question.asked.context.trace_id for question in questions]
    named = {"trace_ids": traces} if len(traces) > 1 else {"trace_id": traces[0]}
    with bound_contextvars(**named):
        return _answered(questions)


def _answered(questions: Sequence[Question]) -> list[Result]:
    settled = dict[int, Result]()
    with ExitStack() as held:
        new = list(_new(questions, held, settled))
        asks = dict(_asks(questions, new, settled))
        with below([questions[place].above for place in asks]):
            given = _together(questions, list(asks.values()))
        for place, made in zip(asks, given, strict=True):
            try:
                settled[place] = _settled(questions[place], asks[place], made)
            except Exception as error:  # noqa: BLE001 - its own, and nobody else's
                settled[place] = error
    return [settled[place] for place in range(len(questions))]


def _new(
    questions: Sequence[Question], held: ExitStack, settled: dict[int, Result]
) -> Iterable[int]:
    """Places of what was not asked before; the rest is settled. held: the keys, until the end."""
    keyed = dict[int, Key]()
    for place, question in enumerate(questions):
        if (key := question.asked.key) is not None:
            try:
                held.enter_context(question.engine.once.held(key))
            except Exception as error:  # noqa: BLE001 - it is the answer
                settled[place] = error
            else:
                keyed[place] = key
    for place, before in zip(keyed, _stored(questions, list(keyed.values())), strict=True):
        if isinstance(before, Exception):
            settled[place] = before
        elif before is not None:
            settled[place] = _again(questions[place], before)
    return (place for place in range(len(questions)) if place not in settled)


def _stored(
    questions: Sequence[Question], keys: Sequence[Key]
) -> Sequence[Committed | Exception | None]:
    if not keys:
        return []
    try:
        return questions[0].engine.once.stored_of(keys)
    except AuditUnavailableError as error:
        return [error] * len(keys)


def _asks(
    questions: Sequence[Question], places: Iterable[int], settled: dict[int, Result]
) -> Iterable[tuple[int, Ask]]:
    """What can be read and may be asked; the rest is settled."""
    for place in places:
        question = questions[place]
        try:
            cases, explain = question.kind.read(question.body, question.caller)
            sites = (case.site_id for _, case in cases)  # type: ignore[attr-defined] # made at run time
            only_own_sites(question.caller, sites, question.kind.inside)
        except Exception as error:  # noqa: BLE001 - it is the answer
            settled[place] = error
        else:
            yield place, Ask(cases, question.asked.context, question.asked.key, explain)


def _together(questions: Sequence[Question], asks: Sequence[Ask]) -> Sequence[Answer | Exception]:
    return questions[0].engine.together(asks) if asks else []


def _settled(question: Question, ask: Ask, made: Answer | Exception) -> Result:
    match made:
        case Answer():
            return _replied(question, made)
        case KeyTakenError() if ask.key is not None:
            return _again(question, question.engine.once.taken(ask.key, made))
        case _:
            return question.kind.placed(question.engine, (ask.cases, ask.explain), made)


def _replied(question: Question, made: Answer) -> Response:
    reply = Reply(question.kind.content(made))
    text = reply.content.model_dump_json()
    if as_recorded(text):
        return reply.of(text)
    return Reply(question.kind.content(read_back(made, question.engine.tasks))).response()


def _again(question: Question, before: Committed) -> Result:
    """The same as before, if the caller may see its sites still."""
    try:
        sites = (entry.envelope.site for entry in before.entries)
        only_own_sites(question.caller, sites, question.kind.inside)
        content = question.kind.content(question.engine.again(before))
    except Exception as error:  # noqa: BLE001 - it is the answer
        return error
    return Reply(content, replayed=True).response()


@dataclass(frozen=True)
class OneTask:
    """The address of one task."""

    name: TaskName
    request: Request
    inside: str = ""

    @property
    def operation(self) -> str:
        """As `Kind` says."""
        return f"score {self.name}"

    def caller(self, request: HttpRequest) -> Caller:
        """As `Kind` says."""
        return require(request, scope_of(self.name))

    def read(self, body: bytes, caller: Caller) -> Read:  # noqa: ARG002 - see `caller`
        """As `Kind` says."""
        try:
            cases, explain = self.request.asked(body)
        except ValidationError as error:
            raise unreadable(error, self.request) from error
        return [(self.name, case) for case in cases], explain

    def content(self, answer: Answer) -> BaseModel:
        """As `Kind` says."""
        return answer

    def placed(self, engine: Engine, cases: Read, error: Exception) -> Exception:  # noqa: ARG002
        """As `Kind` says: its place is right."""
        return error
