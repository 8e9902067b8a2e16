"""How sure: class sets and quantiles that cover at a stated rate, and similar past cases.

Split conformal prediction on the calibration fold: the class is left out whose probability is
below a threshold (Sadinle, Lei and Wasserman 2019), one threshold for all classes or one for
each (Vovk's Mondrian sets). Quantiles are moved as in conformalised quantile regression
(Romano, Patterson and Candès 2019), each side by itself, so that each bound holds its level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.thresholds import lower_bound, upper_bound

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


class Sets(StrEnum):
    """For whom class sets hold their rate: over all asks, or also for each true class."""

    MARGINAL = "marginal"
    MONDRIAN = "mondrian"


@dataclass(frozen=True)
class ClassThreshold:
    """rows: calibration rows of the class. promise: rate at which its asks are covered.

    promise is None where the rows were too few; the threshold is then that of all classes.
    """

    rows: int
    threshold: float
    promise: float | None


@dataclass(frozen=True)
class Conformal:
    """coverage: stated rate. threshold: least probability that puts a class into the set.

    rows: calibration rows behind the threshold. neighbours: one a class.
    shifts: what is added to each quantile.
    sets, of_class: which thresholds class sets are made by; those of each class.
    error, shift_errors: share that the threshold, and each quantile, was set to leave out:
        1 - coverage and the level, unless they were adapted to drift.
    """

    coverage: float
    threshold: float
    rows: int
    neighbours: tuple[Neighbours, ...]
    shifts: tuple[float, ...] = ()
    sets: Sets = Sets.MARGINAL
    of_class: tuple[ClassThreshold, ...] = ()
    error: float | None = None
    shift_errors: tuple[float, ...] = ()

    def class_set(self, probability: Floats, sets: Sets | None = None) -> NDArray[np.bool_]:
        """(n, K) of (n, K): classes that cannot be ruled out; the likeliest is always in.

        sets: None takes those that the model was fitted to give.
        """
        if (sets or self.sets) is Sets.MONDRIAN:
            result = probability >= np.array([one.threshold for one in self.of_class])
        else:
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
            "sets": str(self.sets),
            "of_class": [asdict(one) for one in self.of_class],
            "error": self.error,
            "shift_errors": list(self.shift_errors),
        }

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Conformal:
        """The value written by `as_json`, also by one that knew of no sets by class."""
        return cls(
            coverage=fields["coverage"],
            threshold=fields["threshold"],
            rows=fields["rows"],
            neighbours=tuple(
                Neighbours(tuple(n["tops"]), tuple(n["rows"]), tuple(n["hits"]))
                for n in fields["neighbours"]
            ),
            shifts=tuple(fields["shifts"]),
            sets=Sets(fields.get("sets", Sets.MARGINAL)),
            of_class=tuple(ClassThreshold(**one) for one in fields.get("of_class", ())),
            error=fields.get("error"),
            shift_errors=tuple(fields.get("shift_errors", ())),
        )


@dataclass(frozen=True)
class Judged:
    """n calibration rows: calibrated probability (n, K), label (n,).

    mass: (n,) what each counts for, 1 on average; None is 1 throughout.
    """

    probability: Floats
    label: Ints
    mass: Floats | None = None

    @property
    def given(self) -> Floats:
        """(n,) probability that the true class was given."""
        return self.probability[np.arange(len(self.label)), self.label]

    def of(self, k: int) -> Judged:
        """Only those that ended in class k."""
        own = self.label == k
        mass = (
            None if self.mass is None or not own.any() else self.mass[own] / self.mass[own].mean()
        )
        return Judged(self.probability[own], self.label[own], mass)


def fit_conformal(
    judged: Judged, coverage: float, sets: Sets = Sets.MARGINAL, error: float | None = None
) -> Conformal:
    """Class sets and neighbours. error: share to leave out; None is what `coverage` leaves."""
    aim = 1 - coverage if error is None else error
    # Too few rows to leave anything out: every class is in the set.
    threshold = lower_bound(judged.given, aim, judged.mass) or 0.0
    each = range(judged.probability.shape[1])
    return Conformal(
        coverage,
        threshold,
        len(judged.label),
        neighbours=tuple(fit_neighbours(judged.probability[:, k], judged.label == k) for k in each),
        sets=sets,
        of_class=tuple(_of_class(judged.of(k), coverage, aim, threshold) for k in each),
        error=aim,
    )


def _of_class(own: Judged, coverage: float, error: float, of_all: float) -> ClassThreshold:
    found = lower_bound(own.given, error, own.mass)
    if found is None:
        return ClassThreshold(len(own.label), of_all, None)
    return ClassThreshold(len(own.label), found, coverage)


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
    quantiles: Floats,
    target: Floats,
    levels: Sequence[float],
    mass: Floats | None = None,
    errors: Sequence[float] | None = None,
) -> tuple[float, ...]:
    """What each predicted quantile (n, Q) must be moved by to hold its level.

    The median stays: it is a best guess, not a bound. With too few rows a bound moves out to
    the farthest of them. errors: share to leave outside of each; None is what its level says.
    """
    aims = [min(level, 1 - level) for level in levels] if errors is None else errors
    return tuple(
        0.0
        if level == 0.5 or len(target) == 0
        else _bound(target - quantiles[:, q], level, aim, mass)
        for q, (level, aim) in enumerate(zip(levels, aims, strict=True))
    )


def _bound(residual: Floats, level: float, error: float, mass: Floats | None) -> float:
    """The finite-sample quantile of the residuals, outwards."""
    if level < 0.5:
        found = lower_bound(residual, error, mass)
        return float(residual.min()) if found is None else found
    found = upper_bound(residual, error, mass)
    return float(residual.max()) if found is None else found


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
