"""Baselines: class shares, simple rules, logistic regression, LightGBM with default parameters.

All learn from the same asks as the model. A rule is a score; how probable each class is at a
score is read off the training asks, so that its log-loss can be compared. None says that a
class is impossible: one surprise would then decide the whole comparison.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from models.encoding.encoder import Encoder, learn_encoder
from models.fitting.preparation import canonical_order
from models.task import Task
from models.training_set import TrainingSet
from training.evaluation.logistic_baseline import fit_logistic
from training.evaluation.metrics import Floats, Forecast

CLASS_SHARES = "class_shares"
LIGHTGBM_DEFAULTS = "lightgbm_defaults"
LOGISTIC_REGRESSION = "logistic_regression"
BINS = 20
OVERALL_ROWS = 10.0
"""Rows that the overall shares count for in each bin of a rule's score."""
ROUNDS = 100
RANK_WEIGHT = 1e-9
"""Weight of a score's rank: too small for any probability, enough to keep its order."""

SHARES_WEIGHT = 1e-3
"""Weight of the class shares in what a fitted baseline says: it keeps the order of the asks, and
no class is less probable than a thousandth of its share."""

Baseline = Callable[[TrainingSet], Forecast]


def task_baselines(task: Task, training: TrainingSet) -> dict[str, Baseline]:
    """Return every baseline of a task by name; each is fitted at its first forecast.

    The order in which the asks are given does not matter.
    """
    taught = training.take(canonical_order(training))
    baselines: dict[str, Baseline] = {CLASS_SHARES: _class_shares(task, taught)}
    baselines |= {name: _rule(task, taught, name) for name in taught.rules}
    return baselines | {
        LOGISTIC_REGRESSION: _fit_lazily(lambda: _logistic(task, taught)),
        LIGHTGBM_DEFAULTS: _fit_lazily(lambda: _lightgbm_defaults(task, taught)),
    }


def _fit_lazily(fit: Callable[[], Baseline]) -> Baseline:
    """Fit on the first call, so that comparing with the rules alone trains no trees."""
    fitted = cache(fit)

    def forecast(asks: TrainingSet) -> Forecast:
        return fitted()(asks)

    return forecast


def _mix_with_shares(probability: Floats, shares: Floats) -> Floats:
    """Mix in the class shares, so that no probability is zero; see `SHARES_WEIGHT`."""
    return np.asarray((1 - SHARES_WEIGHT) * probability + SHARES_WEIGHT * shares)


def _logistic(task: Task, training: TrainingSet) -> Baseline:
    """Fit a logistic regression on the same features; it forecasts no quantiles."""
    shares, classes = _shares(task, training), len(task.classes)
    fitted = fit_logistic(task.features, training.inputs, training.label, classes)

    def forecast(asks: TrainingSet) -> Forecast:
        return Forecast(_mix_with_shares(fitted.probability(asks.inputs), shares))

    return forecast


def _class_shares(task: Task, training: TrainingSet) -> Baseline:
    shares, quantiles = _shares(task, training), _quantiles(task, training.target)

    def forecast(asks: TrainingSet) -> Forecast:
        n = len(asks)
        return Forecast(
            np.tile(shares, (n, 1)), None if quantiles is None else np.tile(quantiles, (n, 1))
        )

    return forecast


def _shares(task: Task, training: TrainingSet) -> Floats:
    counts = np.bincount(training.label, minlength=len(task.classes)) + 0.5
    return np.asarray(counts / counts.sum())


def _quantiles(task: Task, target: Floats | None) -> Floats | None:
    if target is None or not task.quantiles or np.isnan(target).all():
        return None
    return np.asarray(np.nanquantile(target, task.quantiles))


def _rule(task: Task, training: TrainingSet, name: str) -> Baseline:
    """Forecast class shares by bin of the rule's score; with two classes they rise with it."""
    score = training.rules[name]
    known = score[np.isfinite(score)]
    edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS)) if len(known) else known
    last = len(edges) + 1  # the bin of scores that cannot be formed
    bins = _bin(score, edges)
    overall = _shares(task, training)
    counts = np.stack(
        [np.bincount(bins[training.label == k], minlength=last + 1) for k in range(len(overall))],
        axis=1,
    )
    rows = counts.sum(axis=1)
    shares = (counts + OVERALL_ROWS * overall) / (rows + OVERALL_ROWS)[:, None]
    if task.binary:
        shares[:last, 1] = isotonic_regression(
            shares[:last, 1], weights=rows[:last] + OVERALL_ROWS
        ).x
        shares[:, 0] = 1 - shares[:, 1]
    quantiles = [_of_bin(task, training, bins == b) for b in range(last + 1)]

    def forecast(asks: TrainingSet) -> Forecast:
        at = _bin(asks.rules[name], edges)
        probability = shares[at]
        if task.binary:
            probability = _keep_order(probability, asks.rules[name], np.sort(known))
        spread = None if quantiles[0] is None else np.stack([_present(quantiles[b]) for b in at])
        return Forecast(probability, spread)

    return forecast


def _bin(score: Floats, edges: Floats) -> NDArray[np.int64]:
    bins = np.searchsorted(edges, score, side="right")
    return np.where(np.isfinite(score), bins, len(edges) + 1).astype(np.int64)


def _keep_order(probability: Floats, score: Floats, known: Floats) -> Floats:
    rank = np.searchsorted(known, np.nan_to_num(score), side="left") / max(len(known), 1)
    event = np.clip(probability[:, 1] + RANK_WEIGHT * rank, 0.0, 1.0)
    return np.column_stack([1 - event, event])


def _of_bin(task: Task, training: TrainingSet, inside: NDArray[np.bool_]) -> Floats | None:
    target = training.target
    if target is None or inside.sum() < OVERALL_ROWS:
        return _quantiles(task, target)
    return _quantiles(task, target[inside])


def _present(values: Floats | None) -> Floats:
    assert values is not None
    return values


def _lightgbm_defaults(task: Task, training: TrainingSet) -> Baseline:
    """Train LightGBM with its defaults on the same features, not stopped nor calibrated."""
    encoder = learn_encoder(task.features, training.inputs, min_count=1)
    matrix = encoder.encode(training.inputs).matrix
    objective: dict[str, Any] = {"objective": "binary"}
    if not task.binary:
        objective = {"objective": "multiclass", "num_class": len(task.classes)}
    shares = _shares(task, training)
    classes = _train(task, encoder, matrix, training.label.astype(np.float64), objective)
    target = training.target
    levels = task.quantiles if target is not None else ()
    spread = [
        _train(task, encoder, matrix, target, {"objective": "quantile", "alpha": level})
        for level in levels
        if target is not None
    ]

    def forecast(asks: TrainingSet) -> Forecast:
        rows = encoder.encode(asks.inputs).matrix
        predicted = np.asarray(classes.predict(rows, num_threads=1))
        probability = np.column_stack([1 - predicted, predicted]) if task.binary else predicted
        bounds = [np.asarray(booster.predict(rows, num_threads=1)) for booster in spread]
        quantiles = np.sort(np.column_stack(bounds), axis=1) if bounds else None
        return Forecast(_mix_with_shares(probability, shares), quantiles)

    return forecast


def _train(
    task: Task, encoder: Encoder, matrix: Floats, answer: Floats, objective: dict[str, Any]
) -> lgb.Booster:
    known = np.isfinite(answer)
    fixed = {"verbosity": -1, "seed": task.seed, "deterministic": True, "num_threads": 1}
    data = lgb.Dataset(matrix[known], answer[known], categorical_feature=encoder.categorical)
    return lgb.train({**objective, **fixed}, data, ROUNDS)
