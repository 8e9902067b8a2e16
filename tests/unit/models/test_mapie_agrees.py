"""Class sets and intervals are those of MAPIE, row for row, on the same calibration rows."""

import numpy as np
import pytest
from mapie.classification import SplitConformalClassifier
from mapie.regression import ConformalizedQuantileRegressor
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from models.conformal.fitting import JudgedRows, fit_conformal, fit_quantile_shifts
from models.conformal.prediction_sets import Conformal


class Given(ClassifierMixin, BaseEstimator):
    """A classifier whose inputs are its probabilities."""

    def __init__(self, classes=4):
        self.classes = classes

    def fit(self, _inputs, _label):
        self.classes_ = np.arange(self.classes)
        self.n_features_in_ = self.classes
        return self

    def predict_proba(self, inputs):
        return inputs

    def predict(self, inputs):
        return inputs.argmax(axis=1)


class Column(RegressorMixin, BaseEstimator):
    """A regressor that predicts one column of its inputs."""

    def __init__(self, place=0):
        self.place = place

    def fit(self, inputs, _target):
        self.n_features_in_ = inputs.shape[1]
        return self

    def predict(self, inputs):
        return inputs[:, self.place]


def classified(rows, seed):
    random = np.random.default_rng(seed)
    odds = np.exp(random.normal(size=(rows, 4)) * 1.5)
    odds /= odds.sum(axis=1, keepdims=True)
    label = (random.random(rows)[:, None] > odds.cumsum(axis=1)).sum(axis=1).clip(0, 3)
    return odds, label


def spread(rows, seed):
    """Quantiles (n, 3) of a target whose spread grows, all of them too narrow."""
    random = np.random.default_rng(seed)
    scale = 0.5 + random.random(rows)
    quantiles = np.stack([-0.7 * scale, np.zeros(rows), 1.1 * scale], axis=1)
    return quantiles, scale * random.gumbel(size=rows)


@pytest.mark.parametrize("rows", [60, 999, 1000])
@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_class_sets_are_those_of_least_ambiguous_sets(rows, coverage):
    probability, label = classified(rows, 0)
    estimator = Given().fit(probability, label)
    oracle = SplitConformalClassifier(
        estimator, confidence_level=coverage, conformity_score="lac", prefit=True
    ).conformalize(probability, label)
    fresh, _ = classified(500, 1)
    theirs = oracle.predict_set(fresh)[1][:, :, 0]
    ours = fit_conformal(JudgedRows(probability, label), coverage)
    plain = fresh >= ours.threshold - 1e-12  # theirs is of 1 - probability, and rounds
    assert (plain == theirs).all()
    likeliest = np.eye(4, dtype=bool)[fresh.argmax(axis=1)]
    assert (ours.class_set(fresh) == (theirs | likeliest)).all()


@pytest.mark.parametrize("rows", [60, 999, 1000])
def test_intervals_are_those_of_conformalised_quantile_regression(rows):
    quantiles, target = spread(rows, 0)
    columns = [Column(place).fit(quantiles, target) for place in (0, 2, 1)]
    oracle = ConformalizedQuantileRegressor(columns, confidence_level=0.8, prefit=True)
    oracle.conformalize(quantiles, target)
    fresh, _ = spread(500, 1)
    theirs = oracle.predict_interval(fresh, symmetric_correction=False)[1][:, :, 0]
    shifts = fit_quantile_shifts(quantiles, target, (0.1, 0.5, 0.9))
    ours = Conformal(0.9, 0.0, rows, (), shifts=shifts).shifted(fresh)
    assert ours[:, [0, 2]] == pytest.approx(theirs, abs=1e-12)
