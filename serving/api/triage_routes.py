"""`POST /v1/triage`: cases of several tasks in one request, recorded as one, ranked as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastapi import APIRouter
from pydantic import Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from data.contracts.sites import SITE_ID
from models.task import TaskName
from serving.api.asking import Asking, asking
from serving.api.body import read_body
from serving.api.callers import caller_of, only_own_sites, require
from serving.api.loaded import engine_of
from serving.api.messages import CaseMessage
from serving.api.messages_triage import CASE, Mixed
from serving.api.problems import unreadable
from serving.api.reply import Reply
from serving.audit.group import Committed
from serving.batch import Batch, FromTheFutureError
from serving.caller import Caller, scoring
from serving.engine import Engine
from serving.recommendation import Answer, Recommendation

OPERATION = "triage"
Asked = Sequence[tuple[TaskName, CaseMessage]]


class Ranked(Answer):
    """Answer to a mixed request: one recommendation a case, in the order of the cases."""

    ranking: list[str] = Field(
        description="ids of the recommendations, the first to look at first: by priority, and "
        "those of equal priority in the order of the cases"
    )


def triage_routes(request: Mixed) -> APIRouter:
    """The address that takes that request."""
    routes = APIRouter()

    @routes.post("/v1/triage", response_model=Ranked, name=OPERATION)
    async def triage(http: Request) -> Response:
        """Cases of any tasks, answered together and ranked in one order.

        Everything is recorded in one piece, or nothing is: no case is answered without the
        others.
        """
        caller = caller_of(http)
        engine = engine_of(http)
        body = await read_body(http)
        asked = asking(http, engine, OPERATION, body)

        def cases() -> Asked:
            given = _cases(request, body)
            for name in dict.fromkeys(task for task, _ in given):
                require(http, scoring(name))
            sites = (str(getattr(case, SITE_ID)) for _, case in given)
            only_own_sites(caller, sites, inside=f"{CASE}.")
            return given

        return await run_in_threadpool(_answered, engine, caller, cases, asked)

    return routes


def ranking(given: Sequence[Recommendation]) -> list[str]:
    """Their ids by priority, the highest first."""
    return [one.id for one in sorted(given, key=lambda one: -one.priority)]


def _answered(
    engine: Engine, caller: Caller, cases: Callable[[], Asked], asked: Asking
) -> Response:
    def make() -> Reply:
        given = cases()
        try:
            return Reply(_ranked(engine.triage(given, asked.context, asked.key)))
        except FromTheFutureError as error:
            raise _placed(engine, given, error) from error

    def again(before: Committed) -> Reply:
        only_own_sites(caller, (entry.envelope.site for entry in before.entries), f"{CASE}.")
        return Reply(_ranked(engine.again(before)), replayed=True)

    return engine.once.do(asked.key, make, again).response()


def _cases(request: Mixed, body: bytes) -> Asked:
    try:
        return request.read(body)
    except ValidationError as error:
        raise unreadable(error, request) from error


def _ranked(answer: Answer) -> Ranked:
    return Ranked.model_construct(**dict(answer), ranking=ranking(answer.recommendations))


def _placed(engine: Engine, asked: Asked, error: FromTheFutureError) -> FromTheFutureError:
    """The same error with the field's place among all cases, not those of its task alone."""
    for row, (task, case) in enumerate(asked):
        try:
            Batch.of(engine.tasks[task], [case], error.now)
        except FromTheFutureError as own:
            field = own.field.replace("cases[0]", f"cases[{row}].{CASE}", 1)
            return FromTheFutureError(field, own.known, own.now)
    return error
