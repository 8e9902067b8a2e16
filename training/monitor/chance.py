"""What chance alone would do: bounds that hold for small samples.

Every p-value here is exact or an upper bound, so that a site with twenty cases does not
shout: Dvoretzky-Kiefer-Wolfowitz with Massart's constant for cumulative shares, Fisher's
exact test for two shares, the exact Poisson-binomial law for stated probabilities, and
Holm (1979) over a family.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binom, chi2, hypergeom, norm

Floats = NDArray[np.float64]

EXACT_ROWS = 400
SIMULATIONS = 4000
SURE = 0.95


def gap_chance(gap: float, rows: float, reference: float) -> float:
    """Chance of a gap between cumulative shares of `rows` and `reference` cases or more."""
    if rows <= 0 or reference <= 0:
        return 1.0
    together = rows * reference / (rows + reference)
    return float(min(1.0, 2.0 * np.exp(-2.0 * together * gap**2)))


def two_shares(hits: ArrayLike, rows: ArrayLike, past: ArrayLike, of: ArrayLike) -> Floats:
    """Fisher's exact two-sided p (twice the smaller tail) of hits/rows against past/of."""
    hits, rows, past, of = (np.asarray(np.rint(v), dtype=np.int64) for v in (hits, rows, past, of))
    total, marked = rows + of, hits + past
    above = hypergeom.sf(hits - 1, total, marked, rows)
    below = hypergeom.cdf(hits, total, marked, rows)
    either = np.minimum(1.0, 2.0 * np.minimum(above, below))
    return np.where(np.isnan(either), 1.0, either)  # nothing to compare


def stability(found: Floats, expected: Floats, rows: float, reference: float) -> float:
    """Population stability index of two vectors of shares; half a case is added to each bin."""
    bins = len(found)
    now = (found * rows + 0.5) / (rows + 0.5 * bins)
    then = (expected * reference + 0.5) / (reference + 0.5 * bins)
    return float(np.sum((now - then) * np.log(now / then)))


def stability_bound(bins: int, rows: float, reference: float) -> float:
    """What the index stays under in 95 of 100 samples where nothing changed.

    The index times rows * reference / (rows + reference) is near chi-square (Yurdakul 2018).
    """
    if rows <= 0 or reference <= 0 or bins < 2:
        return float("nan")
    return float(chi2.ppf(SURE, bins - 1) * (1.0 / rows + 1.0 / reference))


def stated_chance(probability: Floats, hits: int) -> float:
    """Two-sided p of so many hits among cases with these stated probabilities.

    Exact for up to EXACT_ROWS cases, beyond that normal with a continuity correction.
    """
    if len(probability) <= EXACT_ROWS:
        law = poisson_binomial(probability)
        return float(min(1.0, 2.0 * min(law[: hits + 1].sum(), law[hits:].sum())))
    spread = float(np.sqrt((probability * (1.0 - probability)).sum()))
    away = max(abs(hits - float(probability.sum())) - 0.5, 0.0)
    return float(2.0 * norm.sf(away / spread)) if spread > 0 else float(away == 0)


def poisson_binomial(probability: Floats) -> Floats:
    """(n + 1,) chance of 0, 1, ..., n hits."""
    law = np.ones(1)
    for p in probability.tolist():
        law = np.convolve(law, (1.0 - p, p))
    return law


def calibration_gap(probability: Floats, hit: NDArray[np.bool_], seed: int) -> tuple[float, float]:
    """Expected calibration error over ten bins of equal numbers, and its simulated p.

    The null draws binomial counts at each bin's mean probability, which scatter a little
    more than the cases' own would: the p errs upwards.
    """
    bins = np.array_split(np.argsort(probability, kind="stable"), min(10, len(probability)))
    rows = np.array([len(part) for part in bins], dtype=np.float64)
    said = np.array([probability[part].mean() for part in bins])
    came = np.array([hit[part].mean() for part in bins])
    error = float((rows * np.abs(came - said)).sum() / rows.sum())
    random = np.random.default_rng(seed)
    counts = random.binomial(rows.astype(np.int64), np.clip(said, 0, 1), (SIMULATIONS, len(bins)))
    drawn = np.abs(counts - rows * said).sum(axis=1) / rows.sum()
    return error, float((1 + (drawn >= error).sum()) / (1 + SIMULATIONS))


def too_few(hits: int, rows: int, stated: float) -> float:
    """One-sided exact binomial p of so few hits or fewer at the stated rate."""
    return float(binom.cdf(hits, rows, stated)) if rows else 1.0


def interval(hits: float, rows: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share; (0, 1) without rows."""
    if rows <= 0:
        return 0.0, 1.0
    z = float(norm.ppf(0.5 + SURE / 2))
    share, scale = hits / rows, 1.0 + z**2 / rows
    centre = (share + z**2 / (2 * rows)) / scale
    reach = z * float(np.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2))) / scale
    return max(0.0, centre - reach), min(1.0, centre + reach)


def holm(p: Floats) -> Floats:
    """Holm's adjusted p-values: any of them at or under alpha is wrong with that chance."""
    order = np.argsort(p, kind="stable")
    scaled = p[order] * (len(p) - np.arange(len(p)))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(scaled))
    return adjusted
