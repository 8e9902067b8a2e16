"""How inputs and scores were distributed at each site, so that a site is compared with itself.

Sites differ: against all sites together each of them would seem to have drifted.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.feature import FeatureKind
from models.encode import Encoder

Floats = NDArray[np.float64]

STEPS = np.linspace(0.0, 1.0, 11)
FEWEST_ROWS = 50
MOST_SITES = 30
MOST_VALUES = 30
DIGITS = 6


def places(
    encoder: Encoder,
    rows: tuple[pd.DataFrame, NDArray[Any]],
    scored: tuple[Floats, NDArray[Any]],
) -> dict[str, Any]:
    """Distributions of all rows, and of each site with FEWEST_ROWS rows or more.

    rows: inputs and their sites. scored: scores and their sites.
    """
    (inputs, site), (score, score_site) = rows, scored
    counts = Counter(str(name) for name in site.tolist() if name is not None)
    named = sorted(counts, key=lambda name: (-counts[name], name))[:MOST_SITES]
    return {
        "all": _place(encoder, inputs, score),
        "sites": {
            name: _place(encoder, inputs[site == name], score[score_site == name])
            for name in sorted(named)
            if counts[name] >= FEWEST_ROWS
        },
    }


def numbers(values: Floats) -> dict[str, Any]:
    """Share missing, and the share of the others that lies at or under each of some values.

    at: the distinct deciles, least and greatest among them. up_to: shares, rising to 1.
    """
    seen = np.sort(values[np.isfinite(values)])
    at = np.unique(np.quantile(seen, STEPS, method="inverted_cdf")) if len(seen) else seen
    up_to = np.searchsorted(seen, at, side="right") / max(len(seen), 1)
    return {
        "missing": _share(len(values) - len(seen), len(values)),
        "at": at.tolist(),
        "up_to": [round(share, DIGITS) for share in up_to.tolist()],
    }


def values(column: list[Any]) -> dict[str, Any]:
    """Share missing, and the share of each of the most frequent values among all rows."""
    counts = Counter(value for value in column if isinstance(value, str))
    most = sorted(counts, key=lambda value: (-counts[value], value))[:MOST_VALUES]
    return {
        "missing": _share(len(column) - counts.total(), len(column)),
        "shares": {value: _share(counts[value], len(column)) for value in most},
    }


def _place(encoder: Encoder, inputs: pd.DataFrame, score: Floats) -> dict[str, Any]:
    return {
        "rows": len(inputs),
        "inputs": {
            spec.name: numbers(inputs[spec.name].to_numpy(dtype=np.float64, na_value=np.nan))
            if spec.kind is FeatureKind.NUMBER
            else values(inputs[spec.name].tolist())
            for spec in encoder.specs
        },
        "score_rows": len(score),
        "score": numbers(score),
    }


def _share(count: int, rows: int) -> float:
    return round(count / rows, DIGITS) if rows else 0.0
