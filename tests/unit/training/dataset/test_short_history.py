"""Features that look back further than the data are left out, and come back by themselves."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.history_needs import history_days_needed
from models.catalogue import TASKS
from models.tasks.stock_risk import STOCK_RISK
from models.training_set import TrainingSet
from training.dataset.short_history import features_in_reach
from training.tasks.catalogue import TRAINING_TASKS

STOCK = TRAINING_TASKS[STOCK_RISK.name]


def asked_over(days, old_ones=0):
    """Return a set of an ask a day, and some documents of ten years ago."""
    offsets = np.concatenate([np.full(old_ones, -3650), np.arange(days + 1)])
    asked = np.datetime64("2026-01-01", "us") + offsets * np.timedelta64(1, "D")
    names = [feature.name for feature in STOCK_RISK.features]
    count = len(asked)
    return TrainingSet(
        inputs=pd.DataFrame(0.0, index=range(count), columns=names),
        label=np.zeros(count, dtype=np.int64),
        target=None,
        asked_at=asked,
        matured_at=asked,
        group=np.arange(count),
        site=np.array(["S1"] * count, dtype=object),
    )


def in_reach(learnt):
    return features_in_reach(STOCK_RISK, STOCK.shape, learnt)


@pytest.mark.parametrize(
    ("feature", "days"),
    [
        ("month", 365),
        ("season", 364),
        ("demand_trend_28d_84d", 84),
        ("on_hand", 0),
    ],
)
def test_a_feature_needs_the_longest_window_that_it_reads(feature, days):
    assert history_days_needed(STOCK_RISK.features, STOCK.shape)[feature] == days


@pytest.mark.parametrize("name", list(TASKS))
def test_every_feature_named_by_a_window_needs_it(name):
    training = TRAINING_TASKS[name]
    for feature, days in history_days_needed(training.task.features, training.shape).items():
        if feature.endswith("d") and feature.rsplit("_", 1)[-1][:-1].isdigit():
            assert days >= int(feature.rsplit("_", 1)[-1][:-1]), feature


@pytest.mark.parametrize(
    ("days", "kept", "left_out"),
    [(83, "on_hand", "demand_trend_28d_84d"), (84, "demand_trend_28d_84d", "season")],
)
def test_a_window_is_in_reach_once_the_asks_span_it(days, kept, left_out):
    reach = in_reach(asked_over(days))
    names = {feature.name for feature in reach.task.features}
    assert kept in names
    assert left_out not in names
    assert left_out in reach.left_out
    assert list(reach.inputs_of(asked_over(days)).inputs.columns) == [
        feature.name for feature in reach.task.features
    ]


def test_a_year_brings_every_feature_back():
    reach = in_reach(asked_over(370))
    assert (reach.task, reach.left_out, reach.sentence) == (STOCK_RISK, {}, "")


def test_a_few_old_documents_make_no_history():
    assert in_reach(asked_over(300, old_ones=3)).days == 300
    assert in_reach(asked_over(300, old_ones=30)).days > 3000


def test_the_sentence_names_what_is_left_out_and_how_much_it_needs():
    sentence = in_reach(asked_over(92)).sentence
    assert "look back further than the 92 days that there are and are left out" in sentence
    assert "(they need up to 365 days)" in sentence
    assert "season" in sentence


def test_asks_without_dates_keep_every_feature():
    undated = asked_over(10)
    nat = np.full(len(undated), np.datetime64("NaT", "us"))
    assert in_reach(replace(undated, asked_at=nat)).task == STOCK_RISK
