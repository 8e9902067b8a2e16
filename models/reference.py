"""Reference: how inputs and scores were distributed, so that drift can be measured later."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.feature import FeatureKind
from models.encode import Encoder

Floats = NDArray[np.float64]

DECILES = np.linspace(0.0, 1.0, 11)
MOST_CATEGORIES = 50


def reference(encoder: Encoder, inputs: pd.DataFrame, score: Floats) -> dict[str, Any]:
    """Deciles of each number, shares of each category, shares missing; deciles of scores.

    inputs: the rows the trees saw. score: of the calibration rows, (m,).
    """
    return {
        "rows": len(inputs),
        "inputs": {
            spec.name: _numbers(inputs[spec.name])
            if spec.kind is FeatureKind.NUMBER
            else _categories(inputs[spec.name])
            for spec in encoder.specs
        },
        "score": deciles(score),
        "score_rows": len(score),
    }


def deciles(values: Floats) -> list[float]:
    """Least value, nine deciles and greatest; empty without values."""
    seen = values[np.isfinite(values)]
    if len(seen) == 0:
        return []
    # Values that were seen, not values between them: nothing is rounded or interpolated.
    found = np.quantile(seen, DECILES, method="inverted_cdf")
    return [float(value) for value in found]


def _numbers(column: pd.Series[Any]) -> dict[str, Any]:
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return {"missing": _share(int(np.isnan(values).sum()), len(values)), "deciles": deciles(values)}


def _categories(column: pd.Series[Any]) -> dict[str, Any]:
    counts = Counter(value for value in column.tolist() if isinstance(value, str))
    most = sorted(counts, key=lambda value: (-counts[value], value))[:MOST_CATEGORIES]
    return {
        "missing": _share(len(column) - counts.total(), len(column)),
        "shares": {value: _share(counts[value], len(column)) for value in most},
    }


def _share(count: int, rows: int) -> float:
    return count / rows if rows else 0.0
