"""How sure a figure is: 95 % intervals by drawing whole groups again, with replacement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.metrics import Measure

Interval = dict[str, float | None]

RESAMPLES = 500
TAILS = (2.5, 97.5)


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
    members = np.unique(group.astype(str), return_inverse=True)[1]
    drawn = _draw(members, seed, resamples) if len(members) else ()
    once = np.ones(len(members))
    values = {name: measure(once) for name, measure in found.items()}
    again: dict[str, list[float]] = {name: [] for name in found}
    for weights in drawn:
        for name, measure in found.items():
            again[name].append(measure(weights))
    return {name: _interval(values[name], np.array(again[name])) for name in found}


def _draw(members: NDArray[np.int64], seed: int, resamples: int) -> Any:
    """One weight a row for each resample: how often its group was drawn."""
    random = np.random.default_rng(seed)
    groups = int(members.max()) + 1
    for _ in range(resamples):
        times = np.bincount(random.integers(0, groups, groups), minlength=groups)
        yield times[members].astype(np.float64)


def _interval(value: float, again: NDArray[np.float64]) -> Interval:
    formed = again[np.isfinite(again)]
    if not np.isfinite(value) or not len(formed):
        return {"value": None, "low": None, "high": None}
    low, high = np.percentile(formed, TAILS)
    return {"value": float(value), "low": float(low), "high": float(high)}
