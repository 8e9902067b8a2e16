"""Select the model that scores a case, and record why better ones were skipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.task import TaskName
from serving.model_registry.active_models import ActiveModels
from serving.model_registry.champions import LoadedModel
from serving.pipeline.deadline import Deadline
from serving.pipeline.pauses import Pause
from serving.recommendation.fallback_ladder import NO_ALIAS, Rung, StepDown, Trigger


@dataclass(frozen=True)
class ModelSelection:
    """Who answers a case. champion: None on the rungs without a model.

    alias: under which the model serves: champion, previous, or challenger for a canary;
        "none" where no model answers. down: why the rungs above were left, from the top.
    """

    rung: Rung
    champion: LoadedModel | None
    alias: str
    down: tuple[StepDown, ...] = ()


NO_PROFILES = "The history that scores are made of is missing or damaged."
UNREADABLE_PROFILES = "The history that scores are made of could not be read."


def select_model(
    lineup: ActiveModels, task: TaskName, reference: Sequence[str], pause: Pause | None
) -> ModelSelection:
    """Who answers a case of the task. reference: which case it is. pause: that holds for it."""
    if pause is not None:
        return _no_model(StepDown(rung=Rung.CHAMPION, code=Trigger.PAUSED, sentence=pause.sentence))
    if lineup.profiles is None:
        return _no_model(_champion_step(Trigger.PROFILES_MISSING, NO_PROFILES))
    if (answering := _select_champion(lineup, task, reference)) is not None:
        return answering
    why = _why_no_champion(lineup, task)
    if (previous := lineup.previous.get(task)) is not None:
        return ModelSelection(Rung.PREVIOUS, previous, Rung.PREVIOUS, (why,))
    text = f"No earlier model of {task} is kept that could answer."
    return _no_model(why, StepDown(rung=Rung.PREVIOUS, code=Trigger.MODEL_MISSING, sentence=text))


def degrade_without_profiles(left: ModelSelection) -> ModelSelection:
    """That turn where the history could not be read."""
    lost = StepDown(rung=left.rung, code=Trigger.PROFILES_MISSING, sentence=UNREADABLE_PROFILES)
    return _no_model(*left.down, lost)


def degrade_out_of_time(left: ModelSelection, budget: Deadline) -> ModelSelection:
    """That turn where the time is over."""
    text = f"It could not be scored within {budget.seconds:g} s."
    return _no_model(*left.down, StepDown(rung=left.rung, code=Trigger.OUT_OF_TIME, sentence=text))


def _select_champion(
    lineup: ActiveModels, task: TaskName, reference: Sequence[str]
) -> ModelSelection | None:
    """The champion's turn, or that of the challenger for its share of the cases."""
    if task not in lineup.champions:
        return None
    found, alias = lineup.answering(task, reference)
    return ModelSelection(Rung.CHAMPION, found, alias)


def _why_no_champion(lineup: ActiveModels, task: TaskName) -> StepDown:
    """Why there is none: no more than a caller needs to know, the rest is in /readyz."""
    missing = lineup.missing.get(task)
    if missing is not None and missing.damaged:
        return _champion_step(
            Trigger.MODEL_DAMAGED, f"The model of {task} is damaged or does not fit this version."
        )
    return _champion_step(Trigger.MODEL_MISSING, f"No model of {task} is in service.")


def _champion_step(code: Trigger, sentence: str) -> StepDown:
    return StepDown(rung=Rung.CHAMPION, code=code, sentence=sentence)


def _no_model(*down: StepDown) -> ModelSelection:
    return ModelSelection(Rung.RULES, None, NO_ALIAS, down)
