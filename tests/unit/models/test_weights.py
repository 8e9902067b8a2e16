"""Weights: an ask that stands for others counts for them, in learning and in when to stop."""

from dataclasses import replace

import numpy as np
import pytest

from models.estimator.boosting import (
    BoostingRows,
    TreeGrowth,
    find_best_rounds,
    grow_trees,
    lightgbm_parameters,
)
from models.fitting.fit import fit
from models.fitting.preparation import FitError
from models.folds import StoppingWindow
from tests.support.synthetic_task import draw_training_set, make_task

QUANTILES = (0.1, 0.5, 0.9)
BINARY = {"objective": "binary", "metric": "binary_logloss"}


def weighted(training, weight):
    return replace(training, weight=np.asarray(weight, dtype=np.float64))


@pytest.fixture(scope="module")
def small():
    return draw_training_set(600).training


@pytest.fixture(scope="module")
def quick():
    return make_task(quantiles=QUANTILES, lightgbm={"num_leaves": 7, "num_iterations": 10})


def test_weights_of_one_give_the_very_model_that_no_weights_give(small, quick):
    plain = fit(quick, small).model.digest
    assert fit(quick, weighted(small, np.ones(len(small)))).model.digest == plain
    assert fit(quick, weighted(small, 1 + small.label)).model.digest != plain


def test_weighted_rows_in_any_order_give_one_digest(small, quick):
    given = weighted(small, 1 + np.arange(len(small)) % 4)
    shuffled = np.random.default_rng(5).permutation(len(small))
    one, other = fit(quick, given), fit(quick, given.take(shuffled))
    assert one.model.digest == other.model.digest


def test_rows_that_differ_in_their_weight_alone_have_one_order(small, quick):
    twice = small.take(np.repeat(np.arange(300), 2))
    weight = np.tile([1.0, 5.0], 300)
    one = fit(quick, weighted(twice, weight))
    other = fit(quick, weighted(twice, weight[::-1]))
    assert one.model.digest == other.model.digest


def test_a_class_that_counts_more_is_expected_more_often(small):
    heavy = weighted(small, np.where(small.label == 1, 6.0, 1.0))
    trees = make_task(lightgbm={"num_leaves": 7, "num_iterations": 30})
    plain, more = (fit(trees, given) for given in (small, heavy))
    raw = [
        f.model.trees.margins(f.model.encoder.encode(small.inputs).matrix, 1) for f in (plain, more)
    ]
    assert np.mean(raw[1]) > np.mean(raw[0]) + 1.0


def test_the_loss_that_says_when_to_stop_is_weighted():
    random = np.random.default_rng(1)
    matrix = random.integers(-3, 4, size=(400, 2)).astype(np.float64)  # bins of their own
    answer = (matrix[:, 0] + 2 * random.normal(size=400) > 0).astype(np.float64)
    rows = BoostingRows(matrix, answer, np.where(matrix[:, 1] > 0, 10.0, 1.0))
    settings = lightgbm_parameters({"num_iterations": 1}, BINARY, 300, seed=1, threads=1)
    growing = TreeGrowth(settings, [], lambda _: None)
    window = StoppingWindow(np.arange(300), np.arange(300, 400))
    told = find_best_rounds(growing, rows, [window]).curves["stop"][0]
    margin = grow_trees(growing, rows.take(window.before), 1).margins(matrix[300:], 1)[:, 0]
    loss = np.log1p(np.exp(np.where(answer[300:] == 1, -margin, margin)))
    assert rows.weight is not None
    assert told == pytest.approx(np.average(loss, weights=rows.weight[300:]), rel=1e-9)
    assert told != pytest.approx(loss.mean(), rel=1e-3)


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_a_weight_that_is_none_is_refused(small, quick, bad):
    weight = np.ones(len(small))
    weight[3] = bad
    with pytest.raises(FitError, match="every weight must be a finite number above 0"):
        fit(quick, weighted(small, weight))


def test_taking_rows_takes_their_weights(small):
    given = weighted(small, np.arange(1, len(small) + 1))
    assert given.take(np.array([4, 2])).weight.tolist() == [5.0, 3.0]
    assert small.take(np.array([4, 2])).weight is None
