"""Per-ask terms of the metrics: event, probability, log-loss, Brier term, calibration target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.evaluation.metrics import BINS, SMALLEST, WeightedMetric, average_precision

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class PerAskScores:
    """n asks, one value each.

    event: whether it came. said: the probability that it was given. loss, square: terms of
    the log-loss and of the Brier score. right, sure: whether what calibration is judged by
    came true, and the probability it was given. precision: of the rows kept, pr_auc.
    """

    event: Flags
    said: Floats
    loss: Floats
    square: Floats
    right: Flags
    sure: Floats
    precision: Callable[[Flags], WeightedMetric]


def scores_for_class(label: Ints, probability: Floats, k: int) -> PerAskScores:
    """Class k against all others."""
    event, said = label == k, probability[:, k]
    given = np.where(event, said, 1 - said)
    return PerAskScores(
        event=event,
        said=said,
        loss=_loss(given),
        square=(said - event) ** 2,
        right=event,
        sure=said,
        precision=lambda rows: average_precision(event[rows], said[rows]),
    )


def scores_for_task(label: Ints, probability: Floats) -> PerAskScores:
    """The event of two classes; else all classes, those but the first being events.

    Of many classes, calibration is judged by the likeliest one, and pr_auc is the mean over
    the classes that occur.
    """
    rows, classes = probability.shape
    if classes == 2:
        return scores_for_class(label, probability, 1)
    chosen = probability.argmax(axis=1)

    def precision(kept: Flags) -> WeightedMetric:
        there = np.unique(label[kept]).tolist()
        return _mean_measure(
            [average_precision(label[kept] == k, probability[kept, k]) for k in there]
        )

    return PerAskScores(
        event=label != 0,
        said=1 - probability[:, 0],
        loss=_loss(probability[np.arange(rows), label]),
        square=((probability - np.eye(classes)[label]) ** 2).sum(axis=1),
        right=chosen == label,
        sure=probability[np.arange(rows), chosen],
        precision=precision,
    )


def calibration_errors_by_chance(sure: Floats, outcome: Ints, seed: int, draws: int) -> Floats:
    """(draws,) calibration errors where every probability is true and chance alone errs.

    outcome: (n,) asks with the same number end alike, so they are drawn alike.
    """
    if len(sure) == 0:
        return np.empty(0)
    random = np.random.default_rng(seed)
    edges = np.unique(np.quantile(sure, np.arange(1, BINS) / BINS))
    bins = np.searchsorted(edges, sure, side="left")  # as training.evaluation.metrics cuts them
    ends = int(outcome.max()) + 1
    found = [
        np.abs(np.bincount(bins, weights=sure - (random.random(ends)[outcome] < sure))).sum()
        for _ in range(draws)
    ]
    return np.asarray(found) / len(sure)


def _loss(given: Floats) -> Floats:
    return np.asarray(-np.log(np.clip(given, SMALLEST, 1)))


def _mean_measure(parts: list[WeightedMetric]) -> WeightedMetric:
    """Mean of the measures that can be formed."""

    def measure(weights: Floats) -> float:
        values = np.array([part(weights) for part in parts])
        formed = values[np.isfinite(values)]
        return float(formed.mean()) if len(formed) else float("nan")

    return measure
