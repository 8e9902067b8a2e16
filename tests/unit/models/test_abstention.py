"""No advice where the model has no ground to stand on; advice wherever it has."""

from dataclasses import replace

import numpy as np
import pytest

from models.abstention import (
    AbstentionReason,
    FixedThreshold,
    abstention_mask,
    find_abstention_reasons,
)
from models.catalogue import TASKS
from models.model import Predictions
from models.task import AbstentionLimits
from tests.support.synthetic_task import draw_training_set

LIMIT = AbstentionLimits(
    key_features=("supplier_id",), most_outside=2, widest=0.4, oldest_days=14, few=60
)
ACT = FixedThreshold(0.5)


def answer(
    *, low=0.1, high=0.2, score=None, similar=500, classes=2, unseen=(), outside=()
) -> Predictions:
    """One case, certain enough to be advised on unless told otherwise."""
    score = (low + high) / 2 if score is None else score
    rest = (1 - score) / (classes - 1)
    probability = np.full((1, classes), rest)
    probability[0, 1] = score
    return Predictions(
        probability=probability,
        explained=np.array([1]),
        low=np.array([low]),
        high=np.array([high]),
        similar=np.array([similar]),
        similar_hits=np.array([similar // 5]),
        class_set=np.ones((1, classes), dtype=bool),
        quantiles=None,
        unseen=(unseen,),
        outside=(outside,),
    )


def reasons(predictions, history_days=None):
    return [why for why, _ in find_abstention_reasons(predictions, 0, LIMIT, ACT, history_days)]


def test_a_case_like_many_before_it_is_advised_on():
    assert reasons(answer(), history_days=14) == []


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ({"unseen": ("supplier_id",)}, AbstentionReason.UNSEEN_KEY),
        ({"outside": ("a", "b", "c")}, AbstentionReason.OUT_OF_RANGE),
        ({"low": 0.05, "high": 0.46}, AbstentionReason.WIDE_INTERVAL),
        ({"low": 0.4, "high": 0.6, "similar": 59}, AbstentionReason.STRADDLES_THRESHOLD),
        # Similar past cases disagree with the probability.
        ({"low": 0.05, "high": 0.1, "score": 0.46}, AbstentionReason.WIDE_INTERVAL),
        (
            {"low": 0.4, "high": 0.48, "score": 0.52, "similar": 59},
            AbstentionReason.STRADDLES_THRESHOLD,
        ),
    ],
)
def test_each_weakness_is_a_reason_of_its_own(case, why):
    assert reasons(answer(**case)) == [why]


@pytest.mark.parametrize(
    "case",
    [
        {"unseen": ("carrier",)},  # not a key
        {"outside": ("a", "b")},  # as many as allowed
        {"low": 0.1, "high": 0.5, "similar": 30},  # as wide as allowed, the threshold on its edge
        {"low": 0.05, "high": 0.1, "score": 0.45},  # past cases disagree, as far as allowed
        {"low": 0.4, "high": 0.6, "similar": 60},  # undecided, but known to be
        {"low": 0.4, "high": 0.6, "similar": 30, "classes": 3},  # of two classes alone
    ],
)
def test_values_within_the_limits_are_no_reason_to_abstain(case):
    assert reasons(answer(**case)) == []


def test_old_history_is_a_reason_only_where_its_age_is_known():
    assert reasons(answer(), history_days=15) == [AbstentionReason.STALE_HISTORY]
    assert reasons(answer(), history_days=None) == []


def test_all_reasons_are_told_each_in_a_sentence_with_its_figures():
    weak = answer(
        low=0.2, high=0.8, similar=8, unseen=("supplier_id",), outside=("open_lines", "b", "c", "d")
    )
    told = dict(find_abstention_reasons(weak, 0, LIMIT, ACT, history_days=30))
    assert set(told) == set(AbstentionReason)
    assert "never seen this supplier" in told[AbstentionReason.UNSEEN_KEY]
    assert "4 numbers lie outside" in told[AbstentionReason.OUT_OF_RANGE]
    assert "open lines, b, c and 1 more" in told[AbstentionReason.OUT_OF_RANGE]
    assert "30 days old" in told[AbstentionReason.STALE_HISTORY]
    assert "20% to 80%" in told[AbstentionReason.WIDE_INTERVAL]
    assert "8 past cases" in told[AbstentionReason.STRADDLES_THRESHOLD]


def test_counting_rows_agrees_with_asking_each():
    sure, thin = answer(), answer(low=0.3, high=0.9)
    assert abstention_mask(sure, LIMIT, ACT).tolist() == [False]
    assert abstention_mask(thin, LIMIT, ACT).tolist() == [True]


def test_every_task_has_limits_whose_keys_are_its_features():
    for task in TASKS.values():
        assert set(task.abstention.key_features) <= {feature.name for feature in task.features}
        assert task.abstention.key_features


def test_few_cases_like_those_of_training_are_abstained_on_and_strange_ones_all(binary):
    model = binary[0].model
    limits = AbstentionLimits(key_features=("region",), most_outside=1)
    fresh = draw_training_set(4000, seed=9).training.inputs
    # 540 calibration rows leave some 50 alike each, so that near the threshold none is sure.
    assert abstention_mask(model.predict(fresh), limits, ACT).mean() < 0.25
    assert abstention_mask(model.predict(fresh), replace(limits, few=0), ACT).mean() < 0.01
    elsewhere = model.predict(fresh.assign(region="nowhere"))
    assert abstention_mask(elsewhere, limits, ACT).all()
    other_unit = model.predict(fresh.assign(cover=1000.0, noise=1000.0))
    assert {why for why, _ in find_abstention_reasons(other_unit, 0, limits, ACT)} >= {
        AbstentionReason.OUT_OF_RANGE
    }
