"""Population stability index: how far a feature's distribution moved.

The sum over bins of (share now - share then) x log(share now / share then). Without any
movement it is about (bins - 1)(1/now + 1/then), and that multiple of a chi-squared variable
(Yurdakul and Naranjo 2020), so few asks alone make it rise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2

BINS = 10
MOST_CATEGORIES = 15
SMALL = 0.5
"""What each bin holds at least, so that an empty one has a logarithm."""


@dataclass(frozen=True)
class Drift:
    """psi between `then` and `now` rows, over `bins` bins."""

    psi: float
    bins: int
    then: int
    now: int


def stability(then: pd.Series[Any], now: pd.Series[Any], *, numeric: bool) -> Drift:
    """How far a column moved; missing is a bin of its own.

    numeric: bins are cut at the deciles of `then`; else they are its most frequent
        categories, and one of all others.
    """
    one, other = _numbers(then, now) if numeric else _categories(then, now)
    bins = int(max(one.max(initial=0), other.max(initial=0))) + 1
    shares = [np.bincount(part, minlength=bins) + SMALL for part in (one, other)]
    told = shares[0] + shares[1] > 2 * SMALL
    expected, actual = (part[told] / part[told].sum() for part in shares)
    psi = float(((actual - expected) * np.log(actual / expected)).sum())
    return Drift(psi, int(told.sum()), len(then), len(now))


def by_chance(drift: Drift, level: float) -> float:
    """What the index exceeds with this probability though nothing moved."""
    scale = 1 / max(drift.then, 1) + 1 / max(drift.now, 1)
    return float(chi2.ppf(1 - level, max(drift.bins - 1, 1))) * scale


def _numbers(
    then: pd.Series[Any], now: pd.Series[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    one, other = (s.to_numpy(dtype=np.float64, na_value=np.nan) for s in (then, now))
    known = one[np.isfinite(one)]
    edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS)) if len(known) else known
    missing = len(edges) + 1
    first, second = (
        np.where(np.isfinite(v), np.searchsorted(edges, v, side="left"), missing)
        for v in (one, other)
    )
    return first.astype(np.int64), second.astype(np.int64)


def _categories(
    then: pd.Series[Any], now: pd.Series[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    most = then.dropna().value_counts().index[:MOST_CATEGORIES]
    number = {value: place for place, value in enumerate(most)}
    others, missing = len(number), len(number) + 1
    first, second = (
        s.map(number).fillna(others).where(s.notna(), missing).to_numpy(dtype=np.int64)
        for s in (then, now)
    )
    return first, second
