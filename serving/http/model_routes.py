"""Routes of what is in force: loaded models of each task, history snapshot, policy."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from models.task import TaskName
from serving.auth.caller import AccessScope
from serving.http.authentication import require_scope
from serving.http.idempotency_key import JSON_MEDIA_TYPE
from serving.http.lookups import loaded_engine
from serving.model_registry.active_models import ActiveModels
from serving.model_registry.champions import LoadedModel
from serving.policy.known_task import KnownTask
from serving.recommendation.fallback_ladder import Rung

model_router = APIRouter()


class ImmutableModel(BaseModel):
    """Base of the answers of these routes."""

    model_config = ConfigDict(frozen=True)


class ModelInService(ImmutableModel):
    """A model that is loaded."""

    version: str
    digest: str = Field(description="SHA-256 of its manifest; names this model and no other")
    classes: list[str]
    features: int = Field(description="how many facts it reads")
    card: str = Field(description="what it is for and what it was made of; Markdown")


class NotInService(ImmutableModel):
    """Why a task has no champion."""

    why: str
    mend: str


class TaskModels(ImmutableModel):
    """The models of one task."""

    task: KnownTask
    question: str = Field(description="what the model predicts")
    rung: Rung = Field(description="on which rung cases of the task are answered now, at best")
    champion: ModelInService | None
    previous: ModelInService | None = Field(description="answers where the champion cannot")
    challenger: ModelInService | None = Field(description="scores beside it, and is compared")
    not_served: NotInService | None = Field(description="why there is no champion")


class Models(ImmutableModel):
    """The models that are loaded now, in one piece: what one request meets."""

    models: list[TaskModels]
    features_as_of: str | None = Field(description="day up to which the history reaches")
    snapshot_id: str | None = Field(description="names that history and no other")


class PolicyInForce(ImmutableModel):
    """The policy that is applied, whole."""

    version: str
    digest: str = Field(description="SHA-256 of the canonical JSON of `policy`")
    policy: dict[str, Any]


@model_router.get("/v1/models", response_model=Models)
def models(request: Request) -> Response:
    """Which model answers each task now, which would, and which is only compared."""
    require_scope(request, AccessScope.READ_REPORT)
    engine = loaded_engine(request)
    active, profiles = engine.models.current, engine.models.current.profiles
    answer = Models(
        models=[
            _task_models(active, name, entry.task.question) for name, entry in engine.tasks.items()
        ],
        features_as_of=profiles.as_of.isoformat() if profiles else None,
        snapshot_id=profiles.snapshot_id if profiles else None,
    )
    return Response(answer.model_dump_json(), media_type=JSON_MEDIA_TYPE)


@model_router.get("/v1/policy", response_model=PolicyInForce)
def policy(request: Request) -> Response:
    """The policy by which answers are made: thresholds, tolerances, roles, words."""
    require_scope(request, AccessScope.READ_REPORT)
    applied = loaded_engine(request).policy
    answer = PolicyInForce(version=applied.version, digest=applied.digest, policy=applied.plain())
    return Response(answer.model_dump_json(), media_type=JSON_MEDIA_TYPE)


def _task_models(active: ActiveModels, name: TaskName, question: str) -> TaskModels:
    missing = active.missing.get(name)
    return TaskModels(
        task=name,
        question=question,
        rung=_best_rung(active, name),
        champion=_model_in_service(active.champions.get(name)),
        previous=_model_in_service(active.previous.get(name)),
        challenger=_model_in_service(active.challengers.get(name)),
        not_served=None if missing is None else NotInService(why=missing.why, mend=missing.mend),
    )


def _best_rung(active: ActiveModels, name: TaskName) -> Rung:
    if active.profiles is None:
        return Rung.RULES
    if name in active.champions:
        return Rung.CHAMPION
    return Rung.PREVIOUS if name in active.previous else Rung.RULES


def _model_in_service(one: LoadedModel | None) -> ModelInService | None:
    if one is None:
        return None
    model = one.model
    return ModelInService(
        version=one.version,
        digest=model.digest,
        classes=list(model.classes),
        features=len(model.features),
        card=model.card,
    )
