"""Conformal class sets, quantile shifts and similar past cases, as values of a fitted model.

Split conformal prediction on the calibration fold: the class is left out whose probability is
below a threshold (Sadinle, Lei and Wasserman 2019), one threshold for all classes or one for
each (Vovk's Mondrian sets). Quantiles are moved as in conformalised quantile regression
(Romano, Patterson and Candès 2019), each side by itself, so that each bound holds its level.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Z_90 = 1.6448536269514722  # two-sided 90 %


@dataclass(frozen=True)
class SimilarCases:
    """Past cases with a similar probability of a class, for each of n cases.

    Attributes:
        rows: (n,) number of them.
        hits: (n,) number of those that ended in the class.
        low, high: (n,) exact 90 % interval of the share that did.
    """

    rows: Ints
    hits: Ints
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Neighbours:
    """Calibration rows by the probability that one class was given.

    The intervals are kept, not computed again, so that an answer has the same bits wherever it
    is given.

    Attributes:
        tops: highest probability of each bin but the last, rising.
        rows: number of rows in each bin.
        hits: number of those rows that ended in the class.
        low, high: exact (Clopper-Pearson) 90 % interval of hits / rows in each bin.
    """

    tops: tuple[float, ...]
    rows: tuple[int, ...]
    hits: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    def find(self, probability: Floats) -> SimilarCases:
        """Return the rows of the bin that each of (n,) probabilities falls in."""
        at = np.searchsorted(np.asarray(self.tops), probability, side="left")
        return SimilarCases(
            np.asarray(self.rows)[at],
            np.asarray(self.hits)[at],
            np.asarray(self.low)[at],
            np.asarray(self.high)[at],
        )


class CoverageScope(StrEnum):
    """Cases over which class sets hold their coverage: all together, or each true class."""

    MARGINAL = "marginal"
    MONDRIAN = "mondrian"


@dataclass(frozen=True)
class ClassThreshold:
    """Threshold of one class for Mondrian sets.

    Attributes:
        rows: calibration rows of the class.
        promise: rate at which its asks are covered; None where the rows were too few, and the
            threshold is then that of all classes.
    """

    rows: int
    threshold: float
    promise: float | None


@dataclass(frozen=True)
class Conformal:
    """Fitted class sets, quantile shifts and bins of similar cases.

    Attributes:
        coverage: stated rate.
        threshold: least probability that puts a class into the set.
        rows: calibration rows behind the threshold.
        neighbours: one per class.
        shifts: amount added to each quantile.
        sets: scope of the thresholds that class sets are made by.
        of_class: threshold of each class.
        error: share that the threshold leaves out, 1 - coverage.
        shift_errors: share on the outer side of each quantile.
    """

    coverage: float
    threshold: float
    rows: int
    neighbours: tuple[Neighbours, ...]
    shifts: tuple[float, ...] = ()
    sets: CoverageScope = CoverageScope.MARGINAL
    of_class: tuple[ClassThreshold, ...] = ()
    error: float | None = None
    shift_errors: tuple[float, ...] = ()

    def class_set(
        self, probability: Floats, sets: CoverageScope | None = None
    ) -> NDArray[np.bool_]:
        """Return (n, K) flags of the classes that cannot be ruled out; the likeliest always is in.

        Args:
            probability: (n, K) calibrated probabilities.
            sets: thresholds to use; None takes those that the model was fitted with.
        """
        if (sets or self.sets) is CoverageScope.MONDRIAN:
            result = probability >= np.array([one.threshold for one in self.of_class])
        else:
            result = probability >= self.threshold
        result[np.arange(len(result)), np.argmax(probability, axis=1)] = True
        return np.asarray(result)

    def similar(self, probability: Floats, explained: Ints) -> SimilarCases:
        """Return the past cases with a similar probability of the (n,) explained classes."""
        n = len(explained)
        rows, hits = np.zeros(n, np.int64), np.zeros(n, np.int64)
        low, high = np.zeros(n), np.ones(n)
        for k, neighbours in enumerate(self.neighbours):
            own = explained == k
            found = neighbours.find(probability[own, k])
            rows[own], hits[own] = found.rows, found.hits
            low[own], high[own] = found.low, found.high
        return SimilarCases(rows, hits, low, high)

    def shifted(self, quantiles: Floats) -> Floats:
        """Return the (n, Q) quantiles moved to their stated rate, in rising order."""
        return np.sort(quantiles + np.asarray(self.shifts), axis=1)

    def as_json(self) -> dict[str, Any]:
        """Return plain values that `from_json` reads back."""
        return {
            "coverage": self.coverage,
            "threshold": self.threshold,
            "rows": self.rows,
            "neighbours": [
                {name: list(values) for name, values in asdict(one).items()}
                for one in self.neighbours
            ],
            "shifts": list(self.shifts),
            "sets": str(self.sets),
            "of_class": [asdict(one) for one in self.of_class],
            "error": self.error,
            "shift_errors": list(self.shift_errors),
        }

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Conformal:
        """Read what `as_json` wrote."""
        return cls(
            coverage=fields["coverage"],
            threshold=fields["threshold"],
            rows=fields["rows"],
            neighbours=tuple(
                Neighbours(**{name: tuple(values) for name, values in one.items()})
                for one in fields["neighbours"]
            ),
            shifts=tuple(fields["shifts"]),
            sets=CoverageScope(fields["sets"]),
            of_class=tuple(ClassThreshold(**one) for one in fields["of_class"]),
            error=fields["error"],
            shift_errors=tuple(fields["shift_errors"]),
        )


def wilson_interval(
    hits: NDArray[np.integer] | Floats, rows: Ints, z: float = Z_90
) -> tuple[Floats, Floats]:
    """Return (n,) lower and upper ends of Wilson's score interval of a share.

    Args:
        hits: (n,) successes.
        rows: (n,) trials; the interval of none is 0 to 1.
        z: standard normal deviate of the level, by default two-sided 90 %.
    """
    count = np.maximum(rows, 1).astype(np.float64)
    share = hits / count
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    reach = z * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    empty = rows == 0
    low, high = np.maximum(centre - reach, 0.0), np.minimum(centre + reach, 1.0)
    return np.where(empty, 0.0, low), np.where(empty, 1.0, high)
