"""The newest asks are held out, and nothing that was learnt from tells of them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.training_set import TrainingSet
from training.dataset.holdout import hold_out

DAY = np.timedelta64(1, "D")


def training_set(days: int, horizon: int) -> TrainingSet:
    asked = np.datetime64("2026-01-01", "us") + np.arange(days) * DAY
    return TrainingSet(
        inputs=pd.DataFrame({"x": np.arange(days, dtype=float)}),
        label=np.zeros(days, dtype=np.int64),
        target=None,
        asked_at=asked,
        matured_at=asked + horizon * DAY,
        group=np.arange(days).astype(str).astype(object),
        site=np.array(["north"] * days, dtype=object),
    )


def test_labels_that_mature_after_the_first_held_out_ask_are_not_learnt_from() -> None:
    learnt, measured = hold_out(training_set(days=100, horizon=10), share=0.2)
    assert measured.inputs["x"].tolist() == list(range(80, 100))
    assert learnt.inputs["x"].tolist() == list(range(71))


def test_a_period_in_which_nothing_matures_cannot_be_split() -> None:
    with pytest.raises(ValueError, match="no other case was known by then; load a longer period"):
        hold_out(training_set(days=100, horizon=99))


def test_no_asks_at_all_cannot_be_split() -> None:
    with pytest.raises(ValueError, match="no ask has a label that matured"):
        hold_out(training_set(days=0, horizon=1))


def test_labels_by_people_train_but_are_never_held_out() -> None:
    given = training_set(days=100, horizon=10)
    told_by = np.array(["system", "person, flagged"] * 50, dtype=object)
    learnt, measured = hold_out(replace(given, told_by=told_by), share=0.2)
    assert set(measured.told_by) == {"system"}
    assert measured.inputs["x"].tolist() == list(range(80, 100, 2))
    assert set(learnt.told_by) == {"system", "person, flagged"}
