"""Figures of every part of the asks, with intervals that hold what they promise."""

from dataclasses import replace

import numpy as np
import pytest

from models.calibration.calibrators import round_to_grid
from models.model import Predictions
from tests.support.synthetic_task import draw_training_set, make_task
from training.evaluation.segment_figures import figures_by_segment

pytestmark = pytest.mark.slow(4)


def answered(probability, class_set=None, quantiles=None) -> Predictions:
    rows, classes = probability.shape
    explained = np.ones(rows, np.int64) if classes == 2 else probability.argmax(axis=1)
    score = probability[np.arange(rows), explained]
    return Predictions(
        probability=probability,
        explained=explained,
        low=np.maximum(score - 0.05, 0),
        high=np.minimum(score + 0.05, 1),
        similar=np.full(rows, 200),
        similar_hits=np.full(rows, 20),
        class_set=np.ones((rows, classes), bool) if class_set is None else class_set,
        quantiles=quantiles,
        unseen=((),) * rows,
        outside=((),) * rows,
    )


def told_truly(rows, seed):
    """Asks with an outcome each, answered with the very probability they were drawn from."""
    truth = draw_training_set(rows, seed=seed)
    event = round_to_grid(1 / (1 + np.exp(-truth.logit)))
    measured = replace(
        truth.training, group=np.arange(rows), site=np.array(["A", "B"])[np.arange(rows) % 2]
    )
    return measured, answered(np.stack([1 - event, event], axis=1))


def test_there_is_a_view_of_all_of_each_site_and_of_each_class():
    measured, answers = told_truly(300, 0)
    views = figures_by_segment(make_task(), measured, answers, resamples=20)
    assert list(views) == ["all", "site:A", "site:B", "class:A", "class:B"]
    assert views["all"]["rows"]["value"] == 300
    assert views["site:A"]["rows"]["value"] + views["site:B"]["rows"]["value"] == 300
    assert views["class:B"]["events"]["value"] == measured.label.sum()
    assert views["class:B"]["log_loss"] == views["all"]["log_loss"]


def test_figures_are_those_counted_by_hand():
    measured, answers = told_truly(400, 1)
    found = figures_by_segment(make_task(), measured, answers, resamples=20)["site:B"]
    own = measured.site == "B"
    label, said = measured.label[own], answers.probability[own, 1]
    assert found["prevalence"]["value"] == pytest.approx(label.mean())
    assert found["gap"]["value"] == pytest.approx((said - label).mean())
    assert found["brier"]["value"] == pytest.approx(((said - label) ** 2).mean())
    right = np.where(label == 1, said, 1 - said)
    assert found["log_loss"]["value"] == pytest.approx(-np.log(right).mean())


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """The gap and the calibration error of true probabilities are zero: 40 draws of 200."""
    held, near = 0, 0
    for seed in range(40):
        measured, answers = told_truly(200, 100 + seed)
        found = figures_by_segment(make_task(), measured, answers, resamples=60)["all"]
        held += found["gap"]["low"] <= 0 <= found["gap"]["high"]
        near += found["ece"]["low"] <= found["ece_by_chance"]["high"]
    assert held >= 34  # 95 % of 40 is 38; fewer than 34 has a chance below 1 in 50
    assert near >= 38


def test_probabilities_that_are_wrong_have_an_error_beyond_chance():
    measured, answers = told_truly(2000, 2)
    half = answers.probability[:, 1] / 2
    wrong = replace(answers, probability=np.stack([1 - half, half], axis=1))
    found = figures_by_segment(make_task(), measured, wrong, resamples=100)["all"]
    assert found["ece"]["low"] > found["ece_by_chance"]["high"]
    assert found["gap"]["high"] < 0


def test_a_share_of_a_few_asks_is_never_sure():
    measured, answers = told_truly(300, 3)
    few = replace(measured, site=np.array(["few", *["many"] * 299]))
    found = figures_by_segment(make_task(), few, answers, resamples=50)["site:few"]
    assert found["coverage"]["value"] == 1
    assert found["coverage"]["low"] < 0.3


def test_asks_that_end_alike_count_once():
    measured, answers = told_truly(300, 4)
    same = replace(measured, matured_at=np.repeat(measured.matured_at[:1], 300))
    twins = replace(same, group=np.arange(300) // 30)
    wide = figures_by_segment(make_task(), twins, answers, resamples=50)["all"]
    narrow = figures_by_segment(make_task(), same, answers, resamples=50)["all"]
    assert wide["outcomes"]["value"] == 10
    assert narrow["outcomes"]["value"] == 300
    assert wide["coverage"]["low"] < narrow["coverage"]["low"]


def test_undefined_figures_are_none():
    measured, answers = told_truly(50, 5)
    calm = replace(measured, label=np.zeros(50, dtype=np.int64))
    views = figures_by_segment(make_task(), calm, answers, resamples=20)
    assert views["all"]["pr_auc"]["value"] is None
    assert views["class:B"]["coverage"]["value"] is None
    nothing = figures_by_segment(
        make_task(), measured.take(np.arange(0)), answered(np.zeros((0, 2)))
    )
    assert nothing["all"]["rows"]["value"] == 0
    assert nothing["all"]["log_loss"]["value"] is None


def test_coverage_of_a_class_is_of_its_asks_alone():
    measured, answers = told_truly(400, 6)
    first = np.stack([np.ones(400, bool), np.zeros(400, bool)], axis=1)
    views = figures_by_segment(
        make_task(), measured, replace(answers, class_set=first), resamples=20
    )
    assert views["class:A"]["coverage"]["value"] == 1
    assert views["class:B"]["coverage"]["value"] == 0
    assert views["all"]["coverage"]["value"] == pytest.approx(1 - measured.label.mean())


def test_a_target_adds_its_error_and_the_coverage_of_its_interval():
    measured, answers = told_truly(200, 7)
    target = np.where(np.arange(200) < 50, np.nan, 3.0)
    quantiles = np.tile([0.0, 1.0, 2.0], (200, 1))
    quantiles[150:, 2] = 4.0
    told = figures_by_segment(
        make_task(quantiles=(0.1, 0.5, 0.9)),
        replace(measured, target=target),
        replace(answers, quantiles=quantiles),
        resamples=20,
    )["all"]
    assert told["mae"]["value"] == 2
    assert told["interval_coverage"]["value"] == pytest.approx(1 / 3)


def test_the_same_asks_give_the_same_figures():
    measured, answers = told_truly(200, 8)
    once = figures_by_segment(make_task(), measured, answers, resamples=20)
    assert once == figures_by_segment(make_task(), measured, answers, resamples=20)
