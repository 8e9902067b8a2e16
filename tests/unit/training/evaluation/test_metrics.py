import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, log_loss, roc_auc_score

from training.evaluation.bootstrap import bootstrap_intervals
from training.evaluation.metrics import Forecast, calibration_error, metric_functions

RANDOM = np.random.default_rng(5)
ROWS = 400


def two_classes(event):
    return Forecast(np.column_stack([1 - event, event]))


def figures(found, weights):
    return {name: measure(weights) for name, measure in found.items()}


def test_binary_metrics_with_ties_and_weights_equal_scikit_learn():
    score = np.round(RANDOM.random(ROWS), 1) * 0.98 + 0.01
    label = (RANDOM.random(ROWS) < score).astype(int)
    weights = RANDOM.integers(0, 4, ROWS).astype(float)
    found = figures(metric_functions(label, None, two_classes(score), ("no", "yes")), weights)
    assert found["roc_auc"] == pytest.approx(roc_auc_score(label, score, sample_weight=weights))
    assert found["pr_auc"] == pytest.approx(
        average_precision_score(label, score, sample_weight=weights)
    )
    assert found["log_loss"] == pytest.approx(log_loss(label, score, sample_weight=weights))


def test_many_class_figures_are_those_of_scikit_learn():
    label = RANDOM.integers(0, 3, ROWS)
    said = RANDOM.dirichlet(np.ones(3), ROWS)
    found = figures(metric_functions(label, None, Forecast(said), ("a", "b", "c")), np.ones(ROWS))
    assert found["macro_f1"] == pytest.approx(f1_score(label, said.argmax(1), average="macro"))
    assert found["roc_auc"] == pytest.approx(roc_auc_score(label, said, multi_class="ovr"))
    assert found["log_loss"] == pytest.approx(log_loss(label, said))
    assert found["recall_b"] == pytest.approx((said.argmax(1) == 1)[label == 1].mean())


def test_delay_figures_count_only_asks_whose_delay_is_known():
    target = np.array([0.0, 10.0, np.nan])
    quantiles = np.array([[-1.0, 2.0, 4.0], [0.0, 4.0, 8.0], [0.0, 0.0, 0.0]])
    forecast = Forecast(np.full((3, 2), 0.5), quantiles)
    found = figures(
        metric_functions(np.array([0, 1, 1]), target, forecast, ("on", "late"), (0.1, 0.5, 0.9)),
        np.ones(3),
    )
    assert found["mae"] == pytest.approx((2 + 6) / 2)
    assert found["interval_coverage"] == 0.5
    # Row 1: 0.1 * 1, 0.5 * 2, 0.1 * 4; row 2: 0.1 * 10, 0.5 * 6, 0.9 * 2; three levels each.
    assert found["pinball_loss"] == pytest.approx((0.1 + 1.0 + 0.4 + 1.0 + 3.0 + 1.8) / 6)


def test_calibration_error_is_the_gap_between_what_was_said_and_what_came():
    said = np.repeat([0.1, 0.6], 100)
    came = np.concatenate([np.repeat([1.0, 0.0], [10, 90]), np.repeat([1.0, 0.0], [40, 60])])
    assert calibration_error(came, said)(np.ones(200)) == pytest.approx(0.1)


def test_figures_that_one_class_alone_does_not_allow_are_none_and_not_nan():
    found = metric_functions(np.zeros(9, int), None, two_classes(np.full(9, 0.2)), ("no", "yes"))
    drawn = bootstrap_intervals(found, np.arange(9), seed=1, resamples=20)
    assert drawn["roc_auc"] == {"value": None, "low": None, "high": None}
    assert drawn["pr_auc"]["value"] is None
    assert math.isclose(drawn["log_loss"]["value"], -math.log(0.8))


def test_no_asks_give_figures_without_values():
    empty = Forecast(np.zeros((0, 2)))
    found = metric_functions(np.zeros(0, int), None, empty, ("no", "yes"))
    assert bootstrap_intervals(found, np.zeros(0), seed=1)["log_loss"]["value"] is None


def test_an_interval_is_wider_where_rows_share_their_outcome():
    score = np.repeat(RANDOM.random(40), 25)
    label = np.repeat(RANDOM.random(40) < 0.4, 25).astype(int)
    found = metric_functions(label, None, two_classes(score), ("no", "yes"))
    alone = bootstrap_intervals(found, np.arange(1000), seed=3, resamples=100)["brier"]
    together = bootstrap_intervals(found, np.repeat(np.arange(40), 25), seed=3, resamples=100)[
        "brier"
    ]
    assert together["value"] == alone["value"]
    assert together["high"] - together["low"] > 2 * (alone["high"] - alone["low"])


def test_the_same_seed_draws_the_same_interval():
    score = RANDOM.random(60)
    label = (RANDOM.random(60) < 0.5).astype(int)
    found = metric_functions(label, None, two_classes(score), ("no", "yes"))
    first, second = (
        bootstrap_intervals(found, np.arange(60), seed=8, resamples=50) for _ in range(2)
    )
    assert first == second
