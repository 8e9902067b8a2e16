"""`POST /v1/triage`: cases of several tasks in one request, recorded as one, ranked as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from serving.api.callers import allowed, caller_of
from serving.api.messages_triage import CASE, Mixed
from serving.api.problems import unreadable
from serving.api.scoring import Read, answer
from serving.ask import Ask
from serving.batch import Batch, FromTheFutureError
from serving.caller import Caller, scoring
from serving.context import of_service
from serving.engine import Engine
from serving.recommendation import Answer, Recommendation

OPERATION = "triage"


class Ranked(Answer):
    """Answer to a mixed request: one recommendation a case, in the order of the cases."""

    ranking: list[str] = Field(
        description="ids of the recommendations, the first to look at first: by priority, and "
        "those of equal priority in the order of the cases"
    )


@dataclass(frozen=True)
class AnyTask:
    """The address of cases of any tasks, as `serving.api.scoring.Kind` says."""

    request: Mixed
    inside: str = f"{CASE}."
    operation: str = OPERATION

    def caller(self, request: Request) -> Caller:
        """Who asks; what they may ask is known once the tasks are read."""
        return caller_of(request)

    def read(self, body: bytes, caller: Caller) -> Read:
        """Cases of tasks that the caller may have scored."""
        try:
            cases, explain = self.request.asked(body)
        except ValidationError as error:
            raise unreadable(error, self.request) from error
        for name in dict.fromkeys(task for task, _ in cases):
            allowed(caller, scoring(name))
        return cases, explain

    def content(self, answer: Answer) -> BaseModel:
        """The answer with its ranking."""
        return _ranked(answer)

    def placed(self, engine: Engine, cases: Read, error: Exception) -> Exception:
        """The same error with the field's place among all cases, not those of its task alone."""
        if not isinstance(error, FromTheFutureError):
            return error
        context = of_service(engine.code)
        for row, (task, case) in enumerate(cases[0]):
            try:
                Batch.of(engine.tasks[task], Ask([(task, case)], context), error.now)
            except FromTheFutureError as own:
                field = own.field.replace("cases[0]", f"cases[{row}].{CASE}", 1)
                return FromTheFutureError(field, own.known, own.now)
        return error


def triage_routes(kind: AnyTask) -> APIRouter:
    """The address that takes such requests."""
    routes = APIRouter()

    @routes.post("/v1/triage", response_model=Ranked, name=OPERATION)
    async def triage(http: Request) -> Response:
        """Cases of any tasks, answered together and ranked in one order.

        Everything is recorded in one piece, or nothing is: no case is answered without the
        others.
        """
        return await answer(http, kind)

    return routes


def ranking(given: Sequence[Recommendation]) -> list[str]:
    """Their ids by priority, the highest first."""
    return [one.id for one in sorted(given, key=lambda one: -one.priority)]


def _ranked(answer: Answer) -> Ranked:
    return Ranked.model_construct(**dict(answer), ranking=ranking(answer.recommendations))
