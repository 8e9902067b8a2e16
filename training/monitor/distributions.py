"""Reference distributions of features and scores, and the gap of new values from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.evaluation.statistics import population_stability_index, psi_null_bound

Floats = NDArray[np.float64]

MIN_ATOM_SHARE = 0.15
MIN_BIN_SHARE = 0.05
OTHER_VALUES = "(other values)"


@dataclass(frozen=True)
class DistributionGap:
    """Distance of cases from a reference distribution.

    Attributes:
        gap: largest distance of the cumulative shares (numbers: Kolmogorov-Smirnov on the
            reference's own values) or of one value's share (categories).
        at: value at which the gap is largest.
        psi: population stability index.
        psi_bound: bound that chance alone keeps the index under in 95 of 100 cases.
        found, expected: shares of the bins.
    """

    gap: float
    at: float | str
    psi: float
    psi_bound: float
    found: Floats
    expected: Floats


@dataclass(frozen=True)
class NumericDistribution:
    """Distribution of a number.

    Attributes:
        at: rising values.
        up_to: share at or under each of them.
        rows: number of cases behind it, missing values included.
        missing: share of missing values.
        usual_gap, usual_missing: gap and missing share of single months of the reference.
    """

    rows: int
    missing: float
    usual_gap: float
    usual_missing: float
    at: Floats
    up_to: Floats

    @classmethod
    def read(cls, rows: int, fields: Mapping[str, Any]) -> NumericDistribution:
        """Read what `models.reference.by_site.number_distribution` wrote."""
        at, up_to = np.array(fields["at"]), np.array(fields["up_to"])
        return cls(rows, fields["missing"], fields["usual_gap"], fields["usual_missing"], at, up_to)

    @property
    def seen(self) -> float:
        """Cases with a value."""
        return self.rows * (1.0 - self.missing)

    @cached_property
    def atoms(self) -> Floats:
        """Values that many cases share by their nature: zero, one, a usual quantity."""
        return self.at[np.diff(self.up_to, prepend=0.0) >= MIN_ATOM_SHARE]

    @cached_property
    def tops(self) -> NDArray[np.int64]:
        """Places in `at` that end a bin with SMALLEST_BIN of the cases or more."""
        kept: list[int] = []
        below = 0.0
        for place, share in enumerate(self.up_to.tolist()):
            if share - below >= MIN_BIN_SHARE and 1.0 - share >= MIN_BIN_SHARE:
                kept.append(place)
                below = share
        return np.array(kept, dtype=np.int64)

    def quantile(self, share: Floats) -> Floats:
        """Least value with that share at or under it."""
        place = np.searchsorted(self.up_to, share - 1e-9)
        return self.at[np.minimum(place, len(self.at) - 1)]

    def gap(self, values: Floats, worth: float) -> DistributionGap:
        """Return the gap of values (none missing, at least one) that count for `worth` cases."""
        now = np.searchsorted(np.sort(values), self.at, side="right") / len(values)
        distance = np.abs(now - self.up_to)
        # Under the least value lay nothing: what is there now is away, too.
        under = float((values < self.at[0]).mean())
        most = int(np.argmax(distance))
        found = np.diff(now[self.tops], prepend=0.0, append=1.0)
        expected = np.diff(self.up_to[self.tops], prepend=0.0, append=1.0)
        return _distribution_gap(
            max(float(distance[most]), under),
            float(self.at[most]),
            found,
            expected,
            (worth, self.seen),
        )

    def effective(self, values: Floats) -> float:
        """Return the effective number of cases of these values.

        Values that a reference hardly repeats and that many cases share now (the late share
        of one supplier, this week's date) come from one source, and count once.
        """
        alone = np.isin(values, self.atoms)
        _, counts = np.unique(values[~alone], return_counts=True)
        return float(len(values) ** 2 / max(alone.sum() + (counts.astype(float) ** 2).sum(), 1.0))


@dataclass(frozen=True)
class CategoricalDistribution:
    """Distribution of a category.

    Attributes:
        shares: shares of all rows, by value; the rest as in `NumericDistribution`.
    """

    rows: int
    missing: float
    usual_gap: float
    usual_missing: float
    shares: Mapping[str, float]

    @classmethod
    def read(cls, rows: int, fields: Mapping[str, Any]) -> CategoricalDistribution:
        """Read what `models.reference.by_site.category_distribution` wrote."""
        return cls(
            rows,
            fields["missing"],
            fields["usual_gap"],
            fields["usual_missing"],
            fields["shares"],
        )

    @property
    def seen(self) -> float:
        """Cases with a value."""
        return self.rows * (1.0 - self.missing)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Values with a bin of their own; the others share the last one."""
        least = MIN_BIN_SHARE * (1.0 - self.missing)
        return tuple(sorted(name for name, share in self.shares.items() if share >= least))

    @cached_property
    def expected(self) -> Floats:
        """Shares of the bins among cases that have a value."""
        present = max(1.0 - self.missing, 1e-9)
        named = np.array([self.shares[name] / present for name in self.names], dtype=np.float64)
        return np.append(named, max(0.0, 1.0 - named.sum()))

    def counts(self, values: NDArray[Any]) -> Floats:
        """Cases in each bin."""
        named = np.array([(values == name).sum() for name in self.names], dtype=np.float64)
        return np.append(named, len(values) - named.sum())

    def gap(self, values: NDArray[Any], worth: float) -> DistributionGap:
        """Return the gap of values (none missing, at least one) that count for `worth` cases."""
        found = self.counts(values) / len(values)
        distance = np.abs(found - self.expected)
        most = int(np.argmax(distance))
        at = (*self.names, OTHER_VALUES)[most]
        return _distribution_gap(
            float(distance[most]), at, found, self.expected, (worth, self.seen)
        )


Distribution = NumericDistribution | CategoricalDistribution


def _distribution_gap(
    gap: float, at: float | str, found: Floats, expected: Floats, rows: tuple[float, float]
) -> DistributionGap:
    psi = population_stability_index(found, expected, *rows) if len(found) > 1 else 0.0
    return DistributionGap(gap, at, psi, psi_null_bound(len(found), *rows), found, expected)
