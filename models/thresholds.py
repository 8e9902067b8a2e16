"""Thresholds that leave out a stated share, with the finite-sample correction of conformal sets.

Of n values and one to come, each is equally likely to be the least; so a threshold may have
floor((n + 1) * error) - 1 of the n below it. Rows that count for more are more than one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TINY = 1e-9  # so that 0.1 * 10 is 1


def lower_bound(values: Floats, error: float, mass: Floats | None = None) -> float | None:
    """The greatest of the values that at most `error` of them, and of the next one, lie below.

    mass: (n,) what each counts for, 1 on average. None where the values are too few to tell.
    """
    order = np.argsort(values, kind="stable")
    ranked = np.ones(len(values)) if mass is None else mass[order]
    below = np.cumsum(ranked) - ranked
    kept = np.flatnonzero(below + 1 <= (ranked.sum() + 1) * error + TINY)
    return float(values[order[kept[-1]]]) if len(kept) else None


def upper_bound(values: Floats, error: float, mass: Floats | None = None) -> float | None:
    """The least of the values that at most `error` of them, and of the next one, lie above."""
    found = lower_bound(-values, error, mass)
    return None if found is None else -found
