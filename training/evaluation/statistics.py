"""Statistical tests and intervals that hold for small samples.

P-values are exact or upper bounds, so that a site with twenty cases raises no false alarm:
Dvoretzky-Kiefer-Wolfowitz with Massart's constant for cumulative shares, Fisher's exact test for
two shares, the exact Poisson-binomial law for stated probabilities, and Holm's correction for a
family of tests.

Cluster-robust means: asks of one group share an outcome, and asks of one week share the
conditions of that week. Both are taken as the unit in turn, and the less certain answer counts.
Intervals are bootstrap-t over whole units (Efron and Tibshirani 1993, ch. 12), never shorter than
Student's. The p-values are Student's with as many degrees of freedom as units carry the sum: of
2,000 asks sixteen may decide a rare class, and the usual tests then refuse a sound model several
times too often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binom, chi2, hypergeom, norm
from scipy.stats import t as student

from models.conformal.prediction_sets import wilson_interval

Floats = NDArray[np.float64]
ClusterUnits = Sequence[NDArray[Any]]
BOOTSTRAP_CHUNK = 2_000_000  # numbers in memory at a time
TAIL = 0.025
MIN_WEEKS = 8
"""Fewest weeks that show how much weeks differ."""


@dataclass(frozen=True)
class MeanDifference:
    """mean with its 95 % interval; above, below: p-values of "not above zero", "not below"."""

    mean: float
    low: float
    high: float
    above: float
    below: float


def clustered_mean_difference(
    values: Floats, units: ClusterUnits, seed: int, resamples: int
) -> MeanDifference:
    """Return the mean of values (n,) with its interval and the p-values of its sign.

    units: for each way of clustering, the unit of each row; the least sure answer counts.
    """
    differences = [_difference_by_cluster(values, unit, seed, resamples) for unit in units]
    return MeanDifference(
        mean=differences[0].mean,
        low=min(one.low for one in differences),
        high=max(one.high for one in differences),
        above=max(one.above for one in differences),
        below=max(one.below for one in differences),
    )


def cluster_units(group: NDArray[Any], asked_at: NDArray[np.datetime64]) -> list[NDArray[Any]]:
    """Return the cluster of each row by group, and by week where there are enough weeks."""
    weeks = asked_at.astype("datetime64[W]")
    if np.isnat(weeks).any() or len(np.unique(weeks)) < MIN_WEEKS:
        return [group.astype(str)]
    return [group.astype(str), weeks]


def _difference_by_cluster(
    values: Floats, unit: NDArray[Any], seed: int, resamples: int
) -> MeanDifference:
    member = np.unique(unit, return_inverse=True)[1]
    sums = np.bincount(member, weights=values).astype(np.float64)
    sizes = np.bincount(member).astype(np.float64)
    mean = float(sums.sum() / sizes.sum())
    off = (sums - mean * sizes) ** 2
    groups = len(sums)
    error = float(np.sqrt(off.sum() * groups / max(groups - 1, 1)) / sizes.sum())
    if groups < 2 or error < 1e-15:  # equal throughout: nothing to doubt, or nothing to go by
        sure = 0.0 if groups > 1 else 1.0
        return MeanDifference(
            mean, mean, mean, sure if mean > 0 else 1.0, sure if mean < 0 else 1.0
        )
    freedom = max(float(off.sum() ** 2 / (off**2).sum()) - 1, 1.0)
    reach = float(student.ppf(1 - TAIL, freedom))
    resampled = _bootstrap_t(sums, sizes, mean, seed, resamples)
    down, up = np.quantile(resampled, [TAIL, 1 - TAIL])
    return MeanDifference(
        mean=mean,
        low=mean - max(float(up), reach) * error,
        high=mean - min(float(down), -reach) * error,
        above=float(student.sf(mean / error, freedom)),
        below=float(student.cdf(mean / error, freedom)),
    )


def _bootstrap_t(sums: Floats, sizes: Floats, mean: float, seed: int, resamples: int) -> Floats:
    random, groups = np.random.default_rng(seed), len(sizes)
    step = max(1, BOOTSTRAP_CHUNK // groups)
    statistics = []
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        picked = random.integers(0, groups, (count, groups)) + groups * np.arange(count)[:, None]
        times = np.bincount(picked.ravel(), minlength=count * groups).reshape(count, groups)
        error, off = _standard_errors(times.astype(np.float64), sums, sizes)
        # A drawing of one unit over and over has no error; it says nothing either way.
        statistics.append(np.divide(off - mean, error, out=np.zeros(count), where=error > 0))
    return np.concatenate(statistics)


def _standard_errors(times: Floats, sums: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """(B,) standard errors and means when unit g is there times[b, g] times."""
    rows, groups = times @ sizes, len(sizes)
    mean = times @ sums / rows
    squares = times @ sums**2 - 2 * mean * (times @ (sums * sizes)) + mean**2 * (times @ sizes**2)
    return np.sqrt(np.maximum(squares, 0.0) * groups / max(groups - 1, 1)) / rows, mean


def adjust_holm(p_values: Floats) -> Floats:
    """Return (m,) p-values adjusted by Holm (1979) for the size of their family.

    The chance that any adjusted value falls to `level` or below, although nothing differs, is at
    most `level`.
    """
    order = np.argsort(p_values, kind="stable")
    raised = np.maximum.accumulate(p_values[order] * np.arange(len(order), 0, -1))
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(raised, 1.0)
    return adjusted


STABILITY_BINS = 10
MAX_CATEGORIES = 15
BIN_FLOOR = 0.5
"""Cases added to each bin, so that an empty one has a logarithm."""


@dataclass(frozen=True)
class StabilityIndex:
    """psi between `then` and `now` rows, over `bins` bins."""

    psi: float
    bins: int
    then: int
    now: int


def population_stability(
    then: pd.Series[Any], now: pd.Series[Any], *, numeric: bool
) -> StabilityIndex:
    """Measure how far a column moved. Missing values are a bin of their own.

    Args:
        then: values of the reference.
        now: values to compare with it.
        numeric: bins are cut at the deciles of `then`; otherwise they are its most frequent
            categories, and one of all others.
    """
    before, after = _bin_numbers(then, now) if numeric else _bin_categories(then, now)
    bins = int(max(before.max(initial=0), after.max(initial=0))) + 1
    expected, found = (np.bincount(rows, minlength=bins) for rows in (before, after))
    used = expected + found > 0
    psi = _stability_index(found[used], expected[used])
    return StabilityIndex(psi, int(used.sum()), len(then), len(now))


def population_stability_index(
    found: Floats, expected: Floats, rows: float, reference: float
) -> float:
    """Return the index between shares (bins,) of `rows` cases and of `reference` cases."""
    return _stability_index(found * rows, expected * reference)


def _stability_index(found: NDArray[Any], expected: NDArray[Any]) -> float:
    """Sum over bins of (share now - share then) x log(share now / share then), from counts."""
    now, then = (counts + BIN_FLOOR for counts in (found, expected))
    now, then = now / now.sum(), then / then.sum()
    return float(np.sum((now - then) * np.log(now / then)))


def psi_null_bound(bins: int, rows: float, reference: float, level: float = 0.05) -> float:
    """Return what the index exceeds with this probability although nothing moved.

    Few cases alone make the index rise: without any movement it is near (1 / rows + 1 /
    reference) times a chi-squared variable with bins - 1 degrees of freedom (Yurdakul and Naranjo
    2020). NaN where there is nothing to compare.
    """
    if rows <= 0 or reference <= 0 or bins < 2:
        return float("nan")
    return float(chi2.ppf(1.0 - level, bins - 1) * (1.0 / rows + 1.0 / reference))


def stability_by_chance(drift: StabilityIndex, level: float) -> float:
    """Return the null bound of a measured index; never NaN."""
    return psi_null_bound(max(drift.bins, 2), max(drift.then, 1), max(drift.now, 1), level)


def _bin_numbers(
    then: pd.Series[Any], now: pd.Series[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    one, other = (s.to_numpy(dtype=np.float64, na_value=np.nan) for s in (then, now))
    known = one[np.isfinite(one)]
    edges = (
        np.unique(np.quantile(known, np.arange(1, STABILITY_BINS) / STABILITY_BINS))
        if len(known)
        else known
    )
    missing = len(edges) + 1
    first, second = (
        np.where(np.isfinite(v), np.searchsorted(edges, v, side="left"), missing)
        for v in (one, other)
    )
    return first.astype(np.int64), second.astype(np.int64)


def _bin_categories(
    then: pd.Series[Any], now: pd.Series[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    most = then.dropna().value_counts().index[:MAX_CATEGORIES]
    number = {value: place for place, value in enumerate(most)}
    others, missing = len(number), len(number) + 1
    first, second = (
        s.map(number).fillna(others).where(s.notna(), missing).to_numpy(dtype=np.int64)
        for s in (then, now)
    )
    return first, second


MAX_EXACT_POISSON_BINOMIAL = 400
CALIBRATION_SIMULATIONS = 4000
Z_95 = 1.959963984540054
"""Standard normal deviate of a two-sided 95 % interval."""


def dkw_p_value(gap: float, rows: float, reference: float) -> float:
    """Bound the chance of such a gap between cumulative shares of two samples of these sizes."""
    if rows <= 0 or reference <= 0:
        return 1.0
    together = rows * reference / (rows + reference)
    return float(min(1.0, 2.0 * np.exp(-2.0 * together * gap**2)))


def fisher_exact_p_values(
    hits: ArrayLike, rows: ArrayLike, past: ArrayLike, of: ArrayLike
) -> Floats:
    """Fisher's exact two-sided p (twice the smaller tail) of hits/rows against past/of."""
    hits, rows, past, of = (np.asarray(np.rint(v), dtype=np.int64) for v in (hits, rows, past, of))
    total, marked = rows + of, hits + past
    above = hypergeom.sf(hits - 1, total, marked, rows)
    below = hypergeom.cdf(hits, total, marked, rows)
    either = np.minimum(1.0, 2.0 * np.minimum(above, below))
    return np.where(np.isnan(either), 1.0, either)  # nothing to compare


def poisson_binomial_p_value(probability: Floats, hits: int) -> float:
    """Two-sided p of so many hits among cases with these stated probabilities.

    Exact for up to EXACT_ROWS cases, beyond that normal with a continuity correction.
    """
    if len(probability) <= MAX_EXACT_POISSON_BINOMIAL:
        law = poisson_binomial_pmf(probability)
        return float(min(1.0, 2.0 * min(law[: hits + 1].sum(), law[hits:].sum())))
    spread = float(np.sqrt((probability * (1.0 - probability)).sum()))
    distance = max(abs(hits - float(probability.sum())) - 0.5, 0.0)
    return float(2.0 * norm.sf(distance / spread)) if spread > 0 else float(distance == 0)


def poisson_binomial_pmf(probability: Floats) -> Floats:
    """(n + 1,) chance of 0, 1, ..., n hits."""
    law = np.ones(1)
    for p in probability.tolist():
        law = np.convolve(law, (1.0 - p, p))
    return law


def calibration_error_test(
    probability: Floats, hit: NDArray[np.bool_], seed: int
) -> tuple[float, float]:
    """Expected calibration error over ten bins of equal numbers, and its simulated p.

    The null draws binomial counts at each bin's mean probability, which scatter a little
    more than the cases' own would: the p errs upwards.
    """
    bins = np.array_split(np.argsort(probability, kind="stable"), min(10, len(probability)))
    rows = np.array([len(part) for part in bins], dtype=np.float64)
    stated = np.array([probability[part].mean() for part in bins])
    observed = np.array([hit[part].mean() for part in bins])
    error = float((rows * np.abs(observed - stated)).sum() / rows.sum())
    random = np.random.default_rng(seed)
    counts = random.binomial(
        rows.astype(np.int64), np.clip(stated, 0, 1), (CALIBRATION_SIMULATIONS, len(bins))
    )
    simulated = np.abs(counts - rows * stated).sum(axis=1) / rows.sum()
    return error, float((1 + (simulated >= error).sum()) / (1 + CALIBRATION_SIMULATIONS))


def binomial_lower_p_value(hits: int, rows: int, stated: float) -> float:
    """One-sided exact binomial p of so few hits or fewer at the stated rate."""
    return float(binom.cdf(hits, rows, stated)) if rows else 1.0


def wilson_interval_95(hits: float, rows: float) -> tuple[float, float]:
    """Return Wilson's 95 % interval of the share hits / rows; (0, 1) without rows."""
    low, high = wilson_interval(np.array([hits]), np.array([rows]), Z_95)
    return float(low[0]), float(high[0])


@dataclass(frozen=True)
class Proportion:
    """hits of rows; low, high: Wilson's score interval (90 %), 0 and 1 without rows."""

    hits: int
    rows: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The share; NaN without rows."""
        return self.hits / self.rows if self.rows else float("nan")

    def as_json(self) -> dict[str, Any]:
        """Plain values; the share is null without rows."""
        share = self.share if self.rows else None
        return {
            "hits": self.hits,
            "rows": self.rows,
            "share": share,
            "low": self.low,
            "high": self.high,
        }


def wilson_proportion(flags: ArrayLike) -> Proportion:
    """The share of true ones."""
    values = np.asarray(flags, dtype=bool)
    hits, rows = int(values.sum()), len(values)
    low, high = wilson_interval(np.array([hits]), np.array([rows]))
    return Proportion(hits, rows, float(low[0]), float(high[0]))


def proportion_difference(one: Proportion, other: Proportion) -> tuple[float, float]:
    """90 % interval of one share less the other (Newcombe, Statist. Med. 17, 1998, method 10)."""
    gap = one.share - other.share
    below = np.hypot(one.share - one.low, other.high - other.share)
    above = np.hypot(one.high - one.share, other.share - other.low)
    return float(gap - below), float(gap + above)
