"""How sure: class sets and quantiles that cover at a stated rate, and similar past cases.

Split conformal prediction on the calibration fold. Quantiles are widened as in conformalised
quantile regression (Romano, Patterson and Candès 2019), each side by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Z = 1.6448536269514722  # two-sided 90 %
# Finer towards the top, where the reviewer's queue is.
EDGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
BIN_ROWS = 30


@dataclass(frozen=True)
class Neighbours:
    """Calibration rows by the probability that one class was given.

    tops: highest probability of each bin but the last, rising. rows, hits: how many were
    in the bin, and how many of them ended in the class.
    """

    tops: tuple[float, ...]
    rows: tuple[int, ...]
    hits: tuple[int, ...]

    def find(self, probability: Floats) -> tuple[Ints, Ints]:
        """(n,) rows and hits of the bin that each probability falls in."""
        at = np.searchsorted(np.asarray(self.tops), probability, side="left")
        return np.asarray(self.rows)[at], np.asarray(self.hits)[at]


@dataclass(frozen=True)
class Conformal:
    """coverage: stated rate. threshold: least probability that puts a class into the set.

    rows: calibration rows behind the threshold. neighbours: one a class.
    shifts: what is added to each quantile.
    """

    coverage: float
    threshold: float
    rows: int
    neighbours: tuple[Neighbours, ...]
    shifts: tuple[float, ...] = ()

    def class_set(self, probability: Floats) -> NDArray[np.bool_]:
        """(n, K) of (n, K): classes that cannot be ruled out; the likeliest is always in."""
        result = probability >= self.threshold
        result[np.arange(len(result)), np.argmax(probability, axis=1)] = True
        return np.asarray(result)

    def similar(self, probability: Floats, explained: Ints) -> tuple[Ints, Ints]:
        """(n,) past cases with a similar probability of the class explained, and hits."""
        rows, hits = np.zeros(len(explained), np.int64), np.zeros(len(explained), np.int64)
        for k, neighbours in enumerate(self.neighbours):
            own = explained == k
            rows[own], hits[own] = neighbours.find(probability[own, k])
        return rows, hits

    def shifted(self, quantiles: Floats) -> Floats:
        """(n, Q) quantiles moved to their stated rate, and in rising order."""
        return np.sort(quantiles + np.asarray(self.shifts), axis=1)

    def as_json(self) -> dict[str, Any]:
        """Plain values, read back by `from_json`."""
        return {
            "coverage": self.coverage,
            "threshold": self.threshold,
            "rows": self.rows,
            "neighbours": [
                {"tops": list(n.tops), "rows": list(n.rows), "hits": list(n.hits)}
                for n in self.neighbours
            ],
            "shifts": list(self.shifts),
        }

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Conformal:
        """The value written by `as_json`."""
        return cls(
            coverage=fields["coverage"],
            threshold=fields["threshold"],
            rows=fields["rows"],
            neighbours=tuple(
                Neighbours(tuple(n["tops"]), tuple(n["rows"]), tuple(n["hits"]))
                for n in fields["neighbours"]
            ),
            shifts=tuple(fields["shifts"]),
        )


def fit_conformal(probability: Floats, label: Ints, coverage: float) -> Conformal:
    """Class sets and neighbours from calibrated probabilities (n, K) and labels (n,)."""
    rows, classes = probability.shape
    given = np.sort(probability[np.arange(rows), label])
    # The finite-sample rule: leave out at most floor((n + 1)(1 - coverage)) - 1 of n truths.
    left_out = int(np.floor((rows + 1) * (1 - coverage) + 1e-9))
    threshold = float(given[left_out - 1]) if left_out >= 1 else 0.0
    neighbours = tuple(fit_neighbours(probability[:, k], label == k) for k in range(classes))
    return Conformal(coverage, threshold, rows, neighbours)


def fit_neighbours(probability: Floats, hit: NDArray[np.bool_]) -> Neighbours:
    """Bins of equal probabilities kept together, with at least `BIN_ROWS` rows each."""
    if len(probability) == 0:
        return Neighbours((), (0,), (0,))
    order = np.sort(probability)
    tops: list[float] = []
    start = 0
    for edge in EDGES:
        top = float(order[min(int(edge * len(order)), len(order) - 1)])
        end = int(np.searchsorted(order, top, side="right"))
        if end - start >= BIN_ROWS and len(order) - end >= BIN_ROWS:
            tops.append(top)
            start = end
    at = np.searchsorted(np.asarray(tops), probability, side="left")
    rows = np.bincount(at, minlength=len(tops) + 1)
    hits = np.bincount(at, weights=hit, minlength=len(tops) + 1).astype(np.int64)
    return Neighbours(tuple(tops), tuple(rows.tolist()), tuple(hits.tolist()))


def quantile_shifts(
    quantiles: Floats, target: Floats, levels: Sequence[float]
) -> tuple[float, ...]:
    """What each predicted quantile (n, Q) must be moved by to hold its level.

    The median stays: it is a best guess, not a bound.
    """
    return tuple(
        0.0 if level == 0.5 or len(target) == 0 else _bound(target - quantiles[:, q], level)
        for q, level in enumerate(levels)
    )


def _bound(residual: Floats, level: float) -> float:
    """The finite-sample quantile of the residuals, outwards."""
    ordered, rows = np.sort(residual), len(residual)
    if level < 0.5:
        return float(ordered[max(int(np.floor((rows + 1) * level + 1e-9)), 1) - 1])
    return float(ordered[min(int(np.ceil((rows + 1) * level - 1e-9)), rows) - 1])


def wilson(hits: NDArray[np.integer] | Floats, rows: Ints, z: float = Z) -> tuple[Floats, Floats]:
    """(n,) low and high of a share by Wilson's score interval; 0 and 1 without rows.

    z: standard normal deviate of the level, two-sided 90 % unless told.
    """
    count = np.maximum(rows, 1).astype(np.float64)
    share = hits / count
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    reach = z * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    empty = rows == 0
    low, high = np.maximum(centre - reach, 0.0), np.minimum(centre + reach, 1.0)
    return np.where(empty, 0.0, low), np.where(empty, 1.0, high)
