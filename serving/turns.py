"""Whose turn it is: who answers a case, and why nobody better does."""

from __future__ import annotations

from collections.abc import Sequence

from models.task import TaskName
from serving.budget import Budget
from serving.ladder import NO_ALIAS, Rung, StepDown, Trigger, Turn
from serving.lineup import Lineup
from serving.pause import Pause

NO_PROFILES = "The history that scores are made of is missing or damaged."
LOST_PROFILES = "The history that scores are made of could not be read."


def turn(lineup: Lineup, task: TaskName, reference: Sequence[str], pause: Pause | None) -> Turn:
    """Who answers a case of the task. reference: which case it is. pause: that holds for it."""
    if pause is not None:
        return _nobody(StepDown(rung=Rung.CHAMPION, code=Trigger.PAUSED, sentence=pause.sentence))
    if lineup.profiles is None:
        return _nobody(_down(Trigger.PROFILES_MISSING, NO_PROFILES))
    if (answering := _champion(lineup, task, reference)) is not None:
        return answering
    why = _no_champion(lineup, task)
    if (previous := lineup.previous.get(task)) is not None:
        return Turn(Rung.PREVIOUS, previous, Rung.PREVIOUS, (why,))
    text = f"No earlier model of {task} is kept that could answer."
    return _nobody(why, StepDown(rung=Rung.PREVIOUS, code=Trigger.MODEL_MISSING, sentence=text))


def without_profiles(left: Turn) -> Turn:
    """That turn where the history could not be read."""
    lost = StepDown(rung=left.rung, code=Trigger.PROFILES_MISSING, sentence=LOST_PROFILES)
    return _nobody(*left.down, lost)


def out_of_time(left: Turn, budget: Budget) -> Turn:
    """That turn where the time is over."""
    text = f"It could not be scored within {budget.seconds:g} s."
    return _nobody(*left.down, StepDown(rung=left.rung, code=Trigger.OUT_OF_TIME, sentence=text))


def _champion(lineup: Lineup, task: TaskName, reference: Sequence[str]) -> Turn | None:
    """The champion's turn, or that of the challenger for its share of the cases."""
    if task not in lineup.champions:
        return None
    found, alias = lineup.answering(task, reference)
    return Turn(Rung.CHAMPION, found, alias)


def _no_champion(lineup: Lineup, task: TaskName) -> StepDown:
    """Why there is none: no more than a caller needs to know, the rest is in /readyz."""
    missing = lineup.missing.get(task)
    if missing is not None and missing.damaged:
        return _down(
            Trigger.MODEL_DAMAGED, f"The model of {task} is damaged or does not fit this version."
        )
    return _down(Trigger.MODEL_MISSING, f"No model of {task} is in service.")


def _down(code: Trigger, sentence: str) -> StepDown:
    return StepDown(rung=Rung.CHAMPION, code=code, sentence=sentence)


def _nobody(*down: StepDown) -> Turn:
    return Turn(Rung.RULES, None, NO_ALIAS, down)
