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
    """The model that scores a case. champion: None on the rungs without a model.

    alias: under which the model serves: champion, previous, or challenger for a canary; "none"
    without a model. down: why each rung above was left, from the top.
    """

    rung: Rung
    champion: LoadedModel | None
    alias: str
    down: tuple[StepDown, ...] = ()


NO_PROFILES = "The history that scores are made of is missing or damaged."
UNREADABLE_PROFILES = "The history that scores are made of could not be read."


def select_model(
    active: ActiveModels, task: TaskName, reference: Sequence[str], pause: Pause | None
) -> ModelSelection:
    """Select the model that scores a case of the task.

    Args:
        active: the loaded models and profiles.
        task: the task.
        reference: which case it is; decides whether a canary scores it.
        pause: the pause that is in force for the case, if any.
    """
    if pause is not None:
        return _no_model(StepDown(rung=Rung.CHAMPION, code=Trigger.PAUSED, sentence=pause.sentence))
    if active.profiles is None:
        return _no_model(_champion_step(Trigger.PROFILES_MISSING, NO_PROFILES))
    if (selection := _select_champion(active, task, reference)) is not None:
        return selection
    reason = _why_no_champion(active, task)
    if (previous := active.previous.get(task)) is not None:
        return ModelSelection(Rung.PREVIOUS, previous, Rung.PREVIOUS, (reason,))
    text = f"No earlier model of {task} is kept that could answer."
    step = StepDown(rung=Rung.PREVIOUS, code=Trigger.MODEL_MISSING, sentence=text)
    return _no_model(reason, step)


def degrade_without_profiles(selection: ModelSelection) -> ModelSelection:
    """Fall back to rules because the profiles could not be read."""
    step = StepDown(
        rung=selection.rung, code=Trigger.PROFILES_MISSING, sentence=UNREADABLE_PROFILES
    )
    return _no_model(*selection.down, step)


def degrade_out_of_time(selection: ModelSelection, deadline: Deadline) -> ModelSelection:
    """Fall back to rules because the deadline has passed."""
    text = f"It could not be scored within {deadline.seconds:g} s."
    step = StepDown(rung=selection.rung, code=Trigger.OUT_OF_TIME, sentence=text)
    return _no_model(*selection.down, step)


def _select_champion(
    active: ActiveModels, task: TaskName, reference: Sequence[str]
) -> ModelSelection | None:
    """Select the champion, or the challenger for its share of the cases; None without one."""
    if task not in active.champions:
        return None
    model, alias = active.model_for(task, reference)
    return ModelSelection(Rung.CHAMPION, model, alias)


def _why_no_champion(active: ActiveModels, task: TaskName) -> StepDown:
    """Say no more than a caller needs to know; the rest is in /readyz."""
    missing = active.missing.get(task)
    if missing is not None and missing.damaged:
        return _champion_step(
            Trigger.MODEL_DAMAGED, f"The model of {task} is damaged or does not fit this version."
        )
    return _champion_step(Trigger.MODEL_MISSING, f"No model of {task} is in service.")


def _champion_step(code: Trigger, sentence: str) -> StepDown:
    return StepDown(rung=Rung.CHAMPION, code=code, sentence=sentence)


def _no_model(*down: StepDown) -> ModelSelection:
    return ModelSelection(Rung.RULES, None, NO_ALIAS, down)
