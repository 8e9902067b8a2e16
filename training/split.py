"""The newest asks, held out: what a model is measured on before anyone relies on it."""

from __future__ import annotations

import numpy as np

from models.training_set import TrainingSet

HELD_OUT = 0.15


def hold_out(training: TrainingSet, share: float = HELD_OUT) -> tuple[TrainingSet, TrainingSet]:
    """The set to learn from and the set to measure on.

    The newest `share` of the asks is held out, cut between two moments of asking. What is
    learnt from had matured by the first of them, so nothing in it tells of their end.
    """
    start = cut(training, share)
    learn = training.take(training.matured_at <= start)
    measure = training.take(training.asked_at >= start)
    if len(learn) == 0 or len(measure) == 0:
        raise ValueError(
            f"{len(training)} asks from {training.asked_at.min()} to {training.asked_at.max()} "
            f"cannot be split at {start}: no label had matured by then; give a longer period"
        )
    return learn, measure


def cut(training: TrainingSet, share: float) -> np.datetime64:
    """The moment from which on the newest `share` of the asks was asked."""
    if len(training) == 0:
        raise ValueError("no ask has a label that matured; give a longer period")
    moments = np.sort(training.asked_at)
    return np.datetime64(moments[int(len(moments) * (1 - share))], "us")
