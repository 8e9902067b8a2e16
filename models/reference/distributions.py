"""Reference distributions of inputs and scores at training, for drift monitoring.

    {"rows": 9000,                            rows that the final trees learnt from
     "inputs": {
       "cover": {"missing": 0.02,             share of the rows
                 "deciles": [least, ..., greatest],      11 values that were seen, or none
                 "bins": {"tops": [t1, ..., tm], "shares": [s1, ..., sm, s(m+1)]}},
       "region": {"missing": 0.1, "shares": {"north": 0.4, ...}}},     at most 50 categories
     "score_rows": 2000, "score": [11 deciles], "score_bins": {"tops": ..., "shares": ...},
     "score_mean": 0.12,                      of the calibration rows, which the trees had not seen
     "unseen_rows": 0.01, "outside_rows": 0.03,          shares of those with any such feature
     "places": ...}                           per site, see `models.reference.by_site`

Bin i holds values above tops[i - 1] and at or below tops[i]; the last is open above. Shares
are of the values that are there (not missing, finite) and sum to one; a column never seen has
no tops and no shares. Bins hold about a twentieth of the values each, and a value that alone
makes up as much has a bin to itself. `bin_counts` puts later values into the
same bins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.feature import FeatureKind
from models.encoding.encoder import Encoder
from models.model import Predictions

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DECILE_STEPS = np.linspace(0.0, 1.0, 11)
SCORE_BINS = 20
MOST_CATEGORIES = 50


def reference_distributions(
    encoder: Encoder, inputs: pd.DataFrame, answers: Predictions
) -> dict[str, Any]:
    """Build the layout at the top of this file, but for `places`.

    Args:
        encoder: encoder of the model.
        inputs: (n, F), the rows the trees saw.
        answers: (m,) predictions of the calibration rows.
    """
    score = answers.score
    return {
        "rows": len(inputs),
        "inputs": {
            spec.name: _number_reference(inputs[spec.name])
            if spec.kind is FeatureKind.NUMBER
            else _category_reference(inputs[spec.name])
            for spec in encoder.specs
        },
        "score": decile_values(score),
        "score_rows": len(score),
        "score_bins": equal_mass_bins(score),
        "score_mean": float(score.mean()) if len(score) else 0.0,
        "unseen_rows": _share(sum(map(bool, answers.unseen)), len(score)),
        "outside_rows": _share(sum(map(bool, answers.outside)), len(score)),
    }


def decile_values(values: Floats) -> list[float]:
    """Least value, nine deciles and greatest; empty without values."""
    seen = values[np.isfinite(values)]
    if len(seen) == 0:
        return []
    # Values that were seen, not values between them: nothing is rounded or interpolated.
    found = np.quantile(seen, DECILE_STEPS, method="inverted_cdf")
    return [float(value) for value in found]


def equal_mass_bins(values: Floats) -> dict[str, list[float]]:
    """Tops and shares of about `SCORE_BINS` bins of equal mass; a heavy value has its own."""
    seen = np.sort(values[np.isfinite(values)])
    if len(seen) == 0:
        return {"tops": [], "shares": []}
    distinct, rows = np.unique(seen, return_counts=True)
    heavy = distinct[rows >= len(seen) / SCORE_BINS]
    cuts = np.quantile(seen, np.arange(1, SCORE_BINS) / SCORE_BINS, method="inverted_cdf")
    tops = np.unique(np.concatenate([cuts, heavy, np.nextafter(heavy, -np.inf)]))
    tops = tops[(tops >= seen[0]) & (tops < seen[-1])]
    tops = tops[bin_counts(tops.tolist(), seen)[:-1] > 0].tolist()  # no bin is empty
    return {"tops": tops, "shares": (bin_counts(tops, seen) / len(seen)).tolist()}


def bin_counts(tops: Sequence[float], values: Floats) -> Ints:
    """Count (len(tops) + 1,) how many of the finite values lie in each bin."""
    there = values[np.isfinite(values)]
    at = np.searchsorted(np.asarray(tops, dtype=np.float64), there, side="left")
    return np.bincount(at, minlength=len(tops) + 1).astype(np.int64)


def _number_reference(column: pd.Series[Any]) -> dict[str, Any]:
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return {
        "missing": _share(int(np.isnan(values).sum()), len(values)),
        "deciles": decile_values(values),
        "bins": equal_mass_bins(values),
    }


def _category_reference(column: pd.Series[Any]) -> dict[str, Any]:
    counts = Counter(value for value in column.tolist() if isinstance(value, str))
    most = sorted(counts, key=lambda value: (-counts[value], value))[:MOST_CATEGORIES]
    return {
        "missing": _share(len(column) - counts.total(), len(column)),
        "shares": {value: _share(counts[value], len(column)) for value in most},
    }


def _share(count: int, rows: int) -> float:
    return count / rows if rows else 0.0
