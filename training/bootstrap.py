"""How sure a figure is: 95 % intervals by drawing whole groups again, with replacement."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from training.metrics import Measure

Floats = NDArray[np.float64]
Interval = dict[str, float | None]
Name = TypeVar("Name", bound=Hashable)

RESAMPLES = 500
TAILS = (2.5, 97.5)


@dataclass(frozen=True)
class Draws:
    """How groups are drawn: from which seed, and how many times."""

    seed: int = 17
    times: int = 1000


@dataclass(frozen=True)
class Resampled:
    """A figure on the asks as they are, and on each drawing of their groups.

    value: NaN where it cannot be formed. again: (resamples,), NaN alike. Figures of the same
    asks and seed are drawn alike, so the differences between them are paired.
    """

    value: float
    again: Floats

    @property
    def interval(self) -> Interval:
        """Value, low and high; None where they cannot be formed."""
        formed = self.again[np.isfinite(self.again)]
        if not np.isfinite(self.value) or not len(formed):
            return {"value": None, "low": None, "high": None}
        low, high = np.percentile(formed, TAILS)
        return {"value": float(self.value), "low": float(low), "high": float(high)}


def intervals(
    found: Mapping[str, Measure],
    group: NDArray[Any],
    seed: int,
    resamples: int = RESAMPLES,
) -> dict[str, Interval]:
    """Value, low and high of every figure; None where a figure cannot be formed.

    group: (n,) rows with the same value share an outcome and are drawn together, so that the
        interval is as wide as the number of independent outcomes makes it.
    """
    drawn = resampled(found, group, seed, resamples)
    return {name: figure.interval for name, figure in drawn.items()}


def resampled(
    found: Mapping[Name, Measure],
    group: NDArray[Any],
    seed: int,
    resamples: int = RESAMPLES,
) -> dict[Name, Resampled]:
    """Every figure on the rows, and on `resamples` drawings of their groups."""
    members = np.unique(group.astype(str), return_inverse=True)[1]
    once = np.ones(len(members))
    values = {name: measure(once) for name, measure in found.items()}
    again: dict[Name, list[float]] = {name: [] for name in found}
    for weights in _draw(members, seed, resamples):
        for name, measure in found.items():
            again[name].append(measure(weights))
    return {name: Resampled(values[name], np.array(again[name])) for name in found}


def _draw(members: NDArray[np.int64], seed: int, resamples: int) -> Iterator[Floats]:
    """One weight a row for each resample: how often its group was drawn."""
    if len(members) == 0:
        return
    random = np.random.default_rng(seed)
    groups = int(members.max()) + 1
    for _ in range(resamples):
        times = np.bincount(random.integers(0, groups, groups), minlength=groups)
        yield times[members].astype(np.float64)
