"""Figures with 95 % intervals for all asks, each site and each class, and recall at k by site.

People look at a share of all asks, the most pressing first. A model that puts one site's
events further down the list than another's gives that site less of their attention.

    {"all": {"log_loss": {"value": 0.31, "low": 0.29, "high": 0.33}, ...},
     "site:S01": {...}, "class:STOCK_OUT": {...}}

Intervals are 95 %, by drawing whole groups again. A share of few asks gets Wilson's interval
where that is wider, counting asks that end alike once: none of five is not "surely none".
What cannot be formed is None. In the view of a class its figures are those of "this class or
another"; coverage, set_size, abstained and the figures of the target are of its asks alone.

rows, events: asks, and those of them not in the first class (in a class's view: in it).
outcomes: ends that these asks share; asks of one group that mature together share one.
prevalence: share of events. said: mean probability given to events. gap: said - prevalence.
log_loss, brier, ece, pr_auc: see `training.evaluation.metrics`. The interval of ece is reflected
about
    its value, for drawing again adds to it what chance had added already.
ece_by_chance: what ece would be by chance alone, were every probability true.
coverage, set_size: how often the class set holds the truth; how many classes it holds.
abstained: share without advice, see `models.abstention`.
mae, interval_coverage: of the middle quantile; of the outer two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.abstention import FixedThreshold, abstention_mask
from models.conformal.prediction_sets import wilson_interval
from models.model import Predictions
from models.task import Task
from models.training_set import TrainingSet
from training.evaluation.bootstrap import TAILS, Interval, bootstrap_intervals
from training.evaluation.metrics import (
    BINS,
    SMALLEST,
    WeightedMetric,
    average_precision,
    calibration_error,
)
from training.evaluation.statistics import Z_95

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class PerAskScores:
    """n asks, one value each.

    Attributes:
        event: whether the event occurred.
        said: stated probability of the event.
        loss, square: terms of the log-loss and of the Brier score.
        right: whether the outcome that calibration is judged by occurred.
        sure: stated probability of that outcome.
        precision: function from the rows kept to pr_auc.
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
    event, stated = label == k, probability[:, k]
    of_outcome = np.where(event, stated, 1 - stated)
    return PerAskScores(
        event=event,
        said=stated,
        loss=_loss(of_outcome),
        square=(stated - event) ** 2,
        right=event,
        sure=stated,
        precision=lambda rows: average_precision(event[rows], stated[rows]),
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

    def precision(mask: Flags) -> WeightedMetric:
        there = np.unique(label[mask]).tolist()
        return _mean_measure(
            [average_precision(label[mask] == k, probability[mask, k]) for k in there]
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
    errors = [
        np.abs(np.bincount(bins, weights=sure - (random.random(ends)[outcome] < sure))).sum()
        for _ in range(draws)
    ]
    return np.asarray(errors) / len(sure)


def _loss(of_outcome: Floats) -> Floats:
    return np.asarray(-np.log(np.clip(of_outcome, SMALLEST, 1)))


def _mean_measure(parts: list[WeightedMetric]) -> WeightedMetric:
    """Mean of the measures that can be formed."""

    def measure(weights: Floats) -> float:
        values = np.array([part(weights) for part in parts])
        formed = values[np.isfinite(values)]
        return float(formed.mean()) if len(formed) else float("nan")

    return measure


RECALL_AT_K = "reached"
REVIEWED_SHARE = 0.2


def recall_at_k(
    measured: TrainingSet,
    answers: Predictions,
    looked_at: float = REVIEWED_SHARE,
    seed: int = 17,
    resamples: int = 200,
) -> dict[str, Interval]:
    """Share of events among the most probable asks, by view: "all", "site:S01", ...

    looked_at: share of all asks, over all sites. Events are what is not the first class.
    None where a site has no event. Intervals are 95 %, by drawing whole groups again.
    """
    event, stated = measured.label > 0, 1.0 - answers.probability[:, 0]
    first = _top_share(stated, looked_at)
    sites = measured.site.astype(str)
    views = {"all": np.ones(len(measured), dtype=bool)}
    views |= {f"site:{site}": sites == site for site in np.unique(sites).tolist()}
    return {
        name: _recall_interval(event[rows], first[rows], measured.group[rows], seed, resamples)
        for name, rows in views.items()
    }


def _top_share(stated: NDArray[np.float64], share: float) -> NDArray[np.bool_]:
    """(n,) whether an ask is among that share of all; of equals, the earlier one."""
    most = np.argsort(-stated, kind="stable")[: round(share * len(stated))]
    return np.isin(np.arange(len(stated)), most)


def _recall_interval(
    event: NDArray[np.bool_],
    first: NDArray[np.bool_],
    group: NDArray[np.generic],
    seed: int,
    resamples: int,
) -> Interval:
    events, both = event.astype(np.float64), (event & first).astype(np.float64)
    if not event.any():
        return {"value": None, "low": None, "high": None}

    def measure(weights: NDArray[np.float64]) -> float:
        mass = float(weights @ events)
        return float(weights @ both) / mass if mass > 0 else float("nan")

    return bootstrap_intervals({RECALL_AT_K: measure}, group, seed, resamples)[RECALL_AT_K]


SegmentFigures = dict[str, Interval]

ALL = "all"
SITE = "site:"
CLASS = "class:"
SHARE_FIGURES = ("prevalence", "coverage", "abstained", "interval_coverage")


def figures_by_segment(
    task: Task,
    measured: TrainingSet,
    answers: Predictions,
    seed: int = 17,
    resamples: int = 200,
) -> dict[str, SegmentFigures]:
    """Compute figures by view and name; see the top of this file.

    Args:
        task: task of the asks.
        measured: asks with their outcomes.
        answers: predictions of the model for them, in their order.
        seed: seed of the bootstrap.
        resamples: number of resamples.
    """
    asks = _MeasuredAsks(
        measured, _set_figures(task, measured, answers), _shared_outcomes(measured)
    )
    scores = scores_for_task(measured.label, answers.probability)
    sites, every = measured.site.astype(str), np.ones(len(measured), dtype=bool)
    views = {ALL: _Segment(scores, every, every)}
    views |= {f"{SITE}{s}": _Segment(scores, sites == s, every) for s in np.unique(sites).tolist()}
    for k, name in enumerate(task.classes):
        against = scores_for_class(measured.label, answers.probability, k)
        views[f"{CLASS}{name}"] = _Segment(against, every, against.event)
    return {name: _figures(asks, view, seed, resamples) for name, view in views.items()}


@dataclass(frozen=True)
class _MeasuredAsks:
    """Measured asks with the values behind their figures.

    Attributes:
        values: (n,) values of figures that are plain means, NaN where unknown.
        outcome: (n,) number of each ask's outcome; see `_shared_outcomes`.
    """

    measured: TrainingSet
    values: Mapping[str, Floats]
    outcome: Ints


@dataclass(frozen=True)
class _Segment:
    """One view of the asks.

    Attributes:
        rows: flags of asks in the view.
        own: flags of asks that coverage and the other plain means are taken over.
    """

    scores: PerAskScores
    rows: Flags
    own: Flags


def _set_figures(task: Task, measured: TrainingSet, answers: Predictions) -> dict[str, Floats]:
    places = np.arange(len(measured))
    metrics = {
        "coverage": answers.class_set[places, measured.label].astype(np.float64),
        "set_size": answers.class_set.sum(axis=1).astype(np.float64),
        "abstained": abstention_mask(answers, task.abstention, FixedThreshold()).astype(np.float64),
    }
    if measured.target is not None and answers.quantiles is not None:
        target, quantiles = measured.target, answers.quantiles
        inside = (target >= quantiles[:, 0]) & (target <= quantiles[:, -1])
        metrics["mae"] = np.abs(target - quantiles[:, quantiles.shape[1] // 2])
        metrics["interval_coverage"] = np.where(np.isfinite(target), inside, np.nan)
    return metrics


def _shared_outcomes(measured: TrainingSet) -> Ints:
    """(n,) asks of the same group whose labels mature at one moment share a number."""
    group = np.unique(measured.group.astype(str), return_inverse=True)[1]
    moment = np.unique(measured.matured_at.astype(np.int64), return_inverse=True)[1]
    both = group.astype(np.int64) * (moment.max(initial=0) + 1) + moment
    return np.unique(both, return_inverse=True)[1].astype(np.int64)


def _figures(asks: _MeasuredAsks, view: _Segment, seed: int, resamples: int) -> SegmentFigures:
    scores, rows = view.scores, view.rows
    metrics = {
        "prevalence": _mean(scores.event[rows]),
        "said": _mean(scores.said[rows]),
        "gap": _mean(scores.said[rows] - scores.event[rows]),
        "log_loss": _mean(scores.loss[rows]),
        "brier": _mean(scores.square[rows]),
        "ece": calibration_error(scores.right[rows].astype(np.float64), scores.sure[rows]),
        "pr_auc": scores.precision(rows),
    }
    own = {name: np.where(view.own, values, np.nan)[rows] for name, values in asks.values.items()}
    metrics |= {name: _mean(values) for name, values in own.items()}
    figures = bootstrap_intervals(metrics, asks.measured.group[rows], seed, resamples)
    figures["ece"] = _reflected(figures["ece"])
    outcome = np.unique(asks.outcome[rows], return_inverse=True)[1].astype(np.int64)
    figures["ece_by_chance"] = _percentile_interval(
        calibration_errors_by_chance(scores.sure[rows], outcome, seed, resamples)
    )
    for name in set(SHARE_FIGURES) & set(figures):
        known = np.isfinite(own[name]) if name in own else np.ones(len(outcome), dtype=bool)
        figures[name] = _at_least_wilson(figures[name], len(np.unique(outcome[known])))
    counts = {"rows": len(outcome), "events": scores.event[rows].sum()}
    counts["outcomes"] = outcome.max(initial=-1) + 1
    return {name: _point_interval(float(count)) for name, count in counts.items()} | figures


def _mean(values: NDArray[np.generic]) -> WeightedMetric:
    """Weighted mean of the values that are known."""
    known = np.isfinite(values).astype(np.float64)
    selected = np.where(known > 0, values, 0.0).astype(np.float64)

    def measure(weights: Floats) -> float:
        mass = float(weights @ known)
        return float(weights @ selected) / mass if mass > 0 else float("nan")

    return measure


def _reflected(interval: Interval) -> Interval:
    value, low, high = interval["value"], interval["low"], interval["high"]
    if value is None or low is None or high is None:
        return interval
    return {
        "value": value,
        "low": min(max(2 * value - high, 0.0), value),
        "high": max(2 * value - low, value),
    }


def _at_least_wilson(interval: Interval, outcomes: int) -> Interval:
    value, low, high = interval["value"], interval["low"], interval["high"]
    if value is None or low is None or high is None:
        return interval
    count = np.array([outcomes])
    least, most = wilson_interval(value * count, count, Z_95)
    return {"value": value, "low": min(low, float(least[0])), "high": max(high, float(most[0]))}


def _percentile_interval(values: Floats) -> Interval:
    if not len(values):
        return {"value": None, "low": None, "high": None}
    low, high = np.percentile(values, TAILS)
    return {"value": float(values.mean()), "low": float(low), "high": float(high)}


def _point_interval(value: float) -> Interval:
    return {"value": value, "low": value, "high": value}
