"""POST /v1/triage.

Cases of several tasks in one request, recorded together and ranked in one order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from serving.auth.caller import Caller, scoring_scope
from serving.http.authentication import caller_of, check_scope
from serving.http.scoring_routes import ReceivedRequest, score_request
from serving.http.triage_messages import CASE, TriageRequest
from serving.http.validation_errors import validation_problem
from serving.pipeline.batch import CaseBatch, FromTheFutureError, ScoringRequest
from serving.pipeline.engine import Engine
from serving.recommendation.recommendation import Answer, Recommendation

OPERATION = "triage"


class Ranked(Answer):
    """Answer to a mixed request: one recommendation a case, in the order of the cases."""

    ranking: list[str] = Field(
        description="ids of the recommendations, the first to look at first: by priority, and "
        "those of equal priority in the order of the cases"
    )


@dataclass(frozen=True)
class TriageEndpoint:
    """The address of cases of any tasks, as `serving.http.scoring_routes.ScoringEndpoint` says."""

    request: TriageRequest
    site_prefix: str = f"{CASE}."
    operation: str = OPERATION
    description: str = "Which cases of any tasks are to be looked at first?"
    response_schema: type[BaseModel] = Ranked

    @property
    def request_schema(self) -> type[BaseModel]:
        """Model of the request body."""
        return self.request.body_model

    def authorize(self, request: Request) -> Caller:
        """Return the caller; their scopes are checked once the tasks are known."""
        return caller_of(request)

    def read(self, received: ReceivedRequest) -> ScoringRequest:
        """Parse cases of any tasks; the caller needs the scope of each."""
        try:
            cases, explain = self.request.read_with_explain(received.body)
        except ValidationError as error:
            raise validation_problem(error, self.request) from error
        for name in dict.fromkeys(task for task, _ in cases):
            check_scope(received.caller, scoring_scope(name))
        return ScoringRequest(cases, received.context, received.key, explain)

    def content(self, answer: Answer) -> BaseModel:
        """Return the answer with its ranking."""
        return _with_ranking(answer)

    def locate_error(self, engine: Engine, request: ScoringRequest, error: Exception) -> Exception:
        """Return the error with the place of its field among all cases of the request."""
        if not isinstance(error, FromTheFutureError):
            return error
        for row, (task, case) in enumerate(request.cases):
            alone = ScoringRequest([(task, case)], request.context)
            try:
                ahead = engine.policy.clocks.sender_ahead
                CaseBatch.from_request(engine.tasks[task], alone, error.now, ahead)
            except FromTheFutureError as own:
                field = own.field.replace("cases[0]", f"cases[{row}].{CASE}", 1)
                return FromTheFutureError(field, own.known, own.now, own.asked_at)
        return error


def create_triage_router(kind: TriageEndpoint) -> APIRouter:
    """The address that takes such requests."""
    routes = APIRouter()

    @routes.post("/v1/triage", response_model=Ranked, name=OPERATION)
    async def triage(http: Request) -> Response:
        """Cases of any tasks, answered together and ranked in one order.

        Everything is recorded in one piece, or nothing is: no case is answered without the
        others.
        """
        return await score_request(http, kind)

    return routes


def rank_by_priority(given: Sequence[Recommendation]) -> list[str]:
    """Return the ids of recommendations by priority, the highest first."""
    return [one.id for one in sorted(given, key=lambda one: -one.priority)]


def _with_ranking(answer: Answer) -> Ranked:
    return Ranked.model_construct(**dict(answer), ranking=rank_by_priority(answer.recommendations))
