"""What a model is given: every feature of every case, as one frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from features.cases import Cases
from features.feature import Feature, FeatureKind


def inputs(features: Sequence[Feature], cases: Cases) -> pd.DataFrame:
    """One column a feature, named by it, in order: float64, or object of str and None.

    Infinite values become missing: a quotient that cannot be formed is not a number.

    Raises:
        ValueError: naming a feature that does not give one value a case.
    """
    return pd.DataFrame({f.name: _column(f, cases) for f in features}, index=range(len(cases)))


def _column(feature: Feature, cases: Cases) -> pd.Series:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        values = np.asarray(feature.compute(cases))
    if values.shape != (len(cases),):
        raise ValueError(
            f"feature {feature.name!r} gives shape {values.shape} for {len(cases)} cases"
        )
    match feature.kind:
        case FeatureKind.NUMBER:
            number = values.astype(np.float64)
            return pd.Series(np.where(np.isfinite(number), number, np.nan))
        case FeatureKind.CATEGORY:
            return pd.Series(values, dtype=object)
