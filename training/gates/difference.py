"""Is a mean difference above zero, when asks share outcomes and events are few.

Asks of a group share an outcome, and asks of a week share whatever that week was like, so both
are taken as the unit in turn, and the less sure of the two answers counts. The interval is by
bootstrap over whole units, divided in each drawing by its own standard error (bootstrap-t,
Efron and Tibshirani 1993, ch. 12), and never shorter than that of Student's t. The p-values
are Student's, with as many degrees of freedom as units carry the sum: of 2,000 asks sixteen may
decide a rare class, and the usual tests then refuse a sound model several times too often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

Floats = NDArray[np.float64]
Units = Sequence[NDArray[Any]]
CHUNK = 2_000_000  # numbers in memory at a time
TAIL = 0.025
FEWEST_WEEKS = 8
"""Weeks from which on they tell how much weeks differ."""


@dataclass(frozen=True)
class Difference:
    """mean with its 95 % interval; above, below: p-values of "not above zero", "not below"."""

    mean: float
    low: float
    high: float
    above: float
    below: float


def difference(values: Floats, units: Units, seed: int, resamples: int) -> Difference:
    """The mean of values (n,), and how sure its sign is.

    units: for each way of clustering, the unit of each row; the least sure answer counts.
    """
    found = [_by_unit(values, unit, seed, resamples) for unit in units]
    return Difference(
        mean=found[0].mean,
        low=min(one.low for one in found),
        high=max(one.high for one in found),
        above=max(one.above for one in found),
        below=max(one.below for one in found),
    )


def units(group: NDArray[Any], asked_at: NDArray[np.datetime64]) -> list[NDArray[Any]]:
    """Groups, and weeks of asking where there are enough of them."""
    weeks = asked_at.astype("datetime64[W]")
    if np.isnat(weeks).any() or len(np.unique(weeks)) < FEWEST_WEEKS:
        return [group.astype(str)]
    return [group.astype(str), weeks]


def _by_unit(values: Floats, unit: NDArray[Any], seed: int, resamples: int) -> Difference:
    member = np.unique(unit, return_inverse=True)[1]
    sums = np.bincount(member, weights=values).astype(np.float64)
    sizes = np.bincount(member).astype(np.float64)
    mean = float(sums.sum() / sizes.sum())
    off = (sums - mean * sizes) ** 2
    groups = len(sums)
    error = float(np.sqrt(off.sum() * groups / max(groups - 1, 1)) / sizes.sum())
    if groups < 2 or error < 1e-15:  # equal throughout: nothing to doubt, or nothing to go by
        sure = 0.0 if groups > 1 else 1.0
        return Difference(mean, mean, mean, sure if mean > 0 else 1.0, sure if mean < 0 else 1.0)
    freedom = max(float(off.sum() ** 2 / (off**2).sum()) - 1, 1.0)
    reach = float(student.ppf(1 - TAIL, freedom))
    drawn = _studentised(sums, sizes, mean, seed, resamples)
    down, up = np.quantile(drawn, [TAIL, 1 - TAIL])
    return Difference(
        mean=mean,
        low=mean - max(float(up), reach) * error,
        high=mean - min(float(down), -reach) * error,
        above=float(student.sf(mean / error, freedom)),
        below=float(student.cdf(mean / error, freedom)),
    )


def _studentised(sums: Floats, sizes: Floats, mean: float, seed: int, resamples: int) -> Floats:
    random, groups = np.random.default_rng(seed), len(sizes)
    step = max(1, CHUNK // groups)
    found = []
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        picked = random.integers(0, groups, (count, groups)) + groups * np.arange(count)[:, None]
        times = np.bincount(picked.ravel(), minlength=count * groups).reshape(count, groups)
        error, off = _errors(times.astype(np.float64), sums, sizes)
        # A drawing of one unit over and over has no error; it says nothing either way.
        found.append(np.divide(off - mean, error, out=np.zeros(count), where=error > 0))
    return np.concatenate(found)


def _errors(times: Floats, sums: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """(B,) standard errors and means when unit g is there times[b, g] times."""
    drawn, groups = times @ sizes, len(sizes)
    mean = times @ sums / drawn
    squares = times @ sums**2 - 2 * mean * (times @ (sums * sizes)) + mean**2 * (times @ sizes**2)
    return np.sqrt(np.maximum(squares, 0.0) * groups / max(groups - 1, 1)) / drawn, mean


def holm(p_values: Floats) -> Floats:
    """(m,) p-values corrected for their number: below `level`, all together, by chance."""
    order = np.argsort(p_values, kind="stable")
    times = np.arange(len(order), 0, -1)
    raised = np.maximum.accumulate(p_values[order] * times)
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(raised, 1.0)
    return corrected
