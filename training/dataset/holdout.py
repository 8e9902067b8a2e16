"""Hold out the newest asks, on which a model is measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.folds import has_recurring_groups
from models.training_set import TrainingSet

HELD_OUT = 0.15


def hold_out(training: TrainingSet, share: float = HELD_OUT) -> tuple[TrainingSet, TrainingSet]:
    """Split a set into one to learn from and one to measure on.

    Of the asks whose end a system recorded, the newest `share` is held out, cut between two
    moments of asking. What is learnt from had matured by the first of them, so nothing in it
    tells of their end. Groups
    that go on into the held-out asks teach nothing, unless they are standing ones.
    """
    start = holdout_start(training.take(training.observed), share)
    learn = training.take(training.matured_at <= start)
    measure = training.take((training.asked_at >= start) & training.observed)
    if len(learn) and not has_recurring_groups(learn):
        learn = learn.take(~shared_groups(learn, measure))
    if len(learn) == 0 or len(measure) == 0:
        raise ValueError(
            f"{len(training)} cases from {_day(training.asked_at.min())} to "
            f"{_day(training.asked_at.max())} are too few to learn from and measure on: the newest "
            f"{share:.0%}, on which a model is measured, begin on {_day(start)}, and the end of "
            "no other case was known by then; load a longer period"
        )
    return learn, measure


def _day(moment: np.datetime64) -> str:
    return str(moment.astype("datetime64[D]"))


def holdout_start(training: TrainingSet, share: float) -> np.datetime64:
    """Return the moment from which on the newest `share` of the asks was asked."""
    if len(training) == 0:
        raise ValueError("no ask has a label that matured; give a longer period")
    moments = np.sort(training.asked_at)
    return np.datetime64(moments[int(len(moments) * (1 - share))], "us")


def shared_groups(learn: TrainingSet, measure: TrainingSet) -> NDArray[np.bool_]:
    """Flag the asks to learn from whose group is measured on too."""
    return np.isin(learn.group.astype(str), measure.group.astype(str))
