"""A share of few cases, with the interval that chance alone leaves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from models.conformal import wilson


@dataclass(frozen=True)
class Proportion:
    """hits of rows; low, high: Wilson's score interval (90 %), 0 and 1 without rows."""

    hits: int
    rows: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The share; NaN without rows."""
        return self.hits / self.rows if self.rows else float("nan")

    def as_json(self) -> dict[str, Any]:
        """Plain values; the share is null without rows."""
        share = self.share if self.rows else None
        return {
            "hits": self.hits,
            "rows": self.rows,
            "share": share,
            "low": self.low,
            "high": self.high,
        }


def proportion(flags: ArrayLike) -> Proportion:
    """The share of true ones."""
    values = np.asarray(flags, dtype=bool)
    hits, rows = int(values.sum()), len(values)
    low, high = wilson(np.array([hits]), np.array([rows]))
    return Proportion(hits, rows, float(low[0]), float(high[0]))


def difference(one: Proportion, other: Proportion) -> tuple[float, float]:
    """90 % interval of one share less the other (Newcombe, Statist. Med. 17, 1998, method 10)."""
    gap = one.share - other.share
    below = np.hypot(one.share - one.low, other.high - other.share)
    above = np.hypot(one.high - one.share, other.share - other.low)
    return float(gap - below), float(gap + above)
