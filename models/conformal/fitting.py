"""Fit conformal thresholds, similar-case bins and quantile shifts with finite-sample correction.

Of n values and one to come, each is equally likely to be the least; so a threshold may have
floor((n + 1) * error) - 1 of the n below it. Rows that count for more are more than one.

Split conformal prediction on the calibration fold: the class is left out whose probability is
below a threshold (Sadinle, Lei and Wasserman 2019), one threshold for all classes or one for
each (Vovk's Mondrian sets). Quantiles are moved as in conformalised quantile regression
(Romano, Patterson and Candès 2019), each side by itself, so that each bound holds its level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from models.conformal.prediction_sets import (
    ClassThreshold,
    Conformal,
    CoverageScope,
    Floats,
    Ints,
    Neighbours,
)

FloatArray = NDArray[np.float64]

ROUNDING_SLACK = 1e-9  # so that 0.1 * 10 is 1


def lower_bound(values: FloatArray, error: float, mass: FloatArray | None = None) -> float | None:
    """Return the greatest value below which at most `error` of the values and of the next one lie.

    mass: (n,) weight of each value, 1 on average; None is 1 throughout.

    Returns:
        None where the values are too few to tell.
    """
    order = np.argsort(values, kind="stable")
    ranked = np.ones(len(values)) if mass is None else mass[order]
    below = np.cumsum(ranked) - ranked
    kept = np.flatnonzero(below + 1 <= (ranked.sum() + 1) * error + ROUNDING_SLACK)
    return float(values[order[kept[-1]]]) if len(kept) else None


def upper_bound(values: FloatArray, error: float, mass: FloatArray | None = None) -> float | None:
    """Return the least value above which at most `error` of the values and of the next one lie."""
    found = lower_bound(-values, error, mass)
    return None if found is None else -found


# Finer towards the top, where the reviewer's queue is.
BIN_EDGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
BIN_ROWS = 30


@dataclass(frozen=True)
class JudgedRows:
    """Calibration rows: calibrated probability (n, K), label (n,).

    mass: (n,) weight of each row, 1 on average; None is 1 throughout.
    """

    probability: Floats
    label: Ints
    mass: Floats | None = None

    @property
    def given(self) -> Floats:
        """Probability given to the true class, (n,)."""
        return self.probability[np.arange(len(self.label)), self.label]

    def of(self, k: int) -> JudgedRows:
        """Return the rows that ended in class k, their mass scaled to 1 on average."""
        own = self.label == k
        mass = (
            None if self.mass is None or not own.any() else self.mass[own] / self.mass[own].mean()
        )
        return JudgedRows(self.probability[own], self.label[own], mass)


def fit_conformal(
    judged: JudgedRows, coverage: float, sets: CoverageScope = CoverageScope.MARGINAL
) -> Conformal:
    """Fit the thresholds of class sets and the bins of similar cases.

    Args:
        judged: calibration rows.
        coverage: share of rows whose set shall hold the true class, 0.5 to 1.
        sets: whether the share holds over all rows or for each true class.
    """
    error = 1 - coverage
    # Too few rows to leave anything out: every class is in the set.
    threshold = lower_bound(judged.given, error, judged.mass) or 0.0
    each = range(judged.probability.shape[1])
    return Conformal(
        coverage,
        threshold,
        len(judged.label),
        neighbours=tuple(fit_neighbours(judged.probability[:, k], judged.label == k) for k in each),
        sets=sets,
        of_class=tuple(_class_threshold(judged.of(k), coverage, error, threshold) for k in each),
        error=error,
    )


def _class_threshold(
    own: JudgedRows, coverage: float, error: float, of_all: float
) -> ClassThreshold:
    found = lower_bound(own.given, error, own.mass)
    if found is None:
        return ClassThreshold(len(own.label), of_all, None)
    return ClassThreshold(len(own.label), found, coverage)


def fit_neighbours(probability: Floats, hit: NDArray[np.bool_]) -> Neighbours:
    """Bin rows by probability: equal ones together, at least `BIN_ROWS` rows a bin."""
    if len(probability) == 0:
        return _with_intervals((), np.zeros(1, np.int64), np.zeros(1, np.int64))
    order = np.sort(probability)
    tops: list[float] = []
    start = 0
    for edge in BIN_EDGES:
        top = float(order[min(int(edge * len(order)), len(order) - 1)])
        end = int(np.searchsorted(order, top, side="right"))
        if end - start >= BIN_ROWS and len(order) - end >= BIN_ROWS:
            tops.append(top)
            start = end
    at = np.searchsorted(np.asarray(tops), probability, side="left")
    rows = np.bincount(at, minlength=len(tops) + 1)
    hits = np.bincount(at, weights=hit, minlength=len(tops) + 1).astype(np.int64)
    return _with_intervals(tuple(tops), rows, hits)


def exact_interval(hits: Ints, rows: Ints, level: float = 0.9) -> tuple[Floats, Floats]:
    """Return (n,) lower and upper ends of the Clopper-Pearson interval of a share.

    It holds the share at least as often as its level says, whatever the share is.

    Args:
        hits: (n,) successes.
        rows: (n,) trials; the interval of none is 0 to 1.
        level: share of intervals that hold the truth.
    """
    tail = (1 - level) / 2
    low = np.where(hits > 0, beta.ppf(tail, hits, rows - hits + 1), 0.0)
    high = np.where(hits < rows, beta.ppf(1 - tail, hits + 1, rows - hits), 1.0)
    return low, high


def _with_intervals(tops: tuple[float, ...], rows: Ints, hits: Ints) -> Neighbours:
    low, high = exact_interval(hits, rows)
    return Neighbours(
        tops,
        tuple(rows.tolist()),
        tuple(hits.tolist()),
        tuple(low.tolist()),
        tuple(high.tolist()),
    )


def fit_quantile_shifts(
    quantiles: Floats,
    target: Floats,
    levels: Sequence[float],
    mass: Floats | None = None,
) -> tuple[float, ...]:
    """Return what each of the predicted quantiles (n, Q) must be moved by to hold its level.

    The median stays: it is a best guess, not a bound. With too few rows a bound moves out to
    the farthest of them.

    Args:
        quantiles: (n, Q) predictions.
        target: (n,) what they turned out to be.
        levels: level of each quantile, 0 to 1.
        mass: (n,) weight of each row, 1 on average; None is 1 throughout.
    """
    return tuple(
        0.0
        if level == 0.5 or len(target) == 0
        else _outward_quantile(target - quantiles[:, q], level, share, mass)
        for q, (level, share) in enumerate(zip(levels, tail_shares(levels), strict=True))
    )


def tail_shares(levels: Sequence[float]) -> tuple[float, ...]:
    """Return the share of cases that each quantile leaves on its outer side."""
    return tuple(min(level, 1 - level) for level in levels)


def _outward_quantile(residual: Floats, level: float, error: float, mass: Floats | None) -> float:
    """Return the finite-sample quantile of the residuals, rounded outwards."""
    if level < 0.5:
        found = lower_bound(residual, error, mass)
        return float(residual.min()) if found is None else found
    found = upper_bound(residual, error, mass)
    return float(residual.max()) if found is None else found
