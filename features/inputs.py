"""What a model is given: every feature of every case, by column or as one frame.

One case costs a frame more than all of its features do: serving takes the columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from data.lazily import pd
from features.cases import Cases
from features.feature import Feature, FeatureKind

DTYPES = {FeatureKind.NUMBER: np.float64, FeatureKind.CATEGORY: object}


def columns(features: Sequence[Feature], cases: Cases) -> dict[str, NDArray[Any]]:
    """One array a feature, by its name, in order: float64, or object of str and None.

    Infinite values become missing: a quotient that cannot be formed is not a number.

    Raises:
        ValueError: naming a feature that does not give one value a case.
    """
    made: dict[str, NDArray[Any]] = {}
    numbers = np.zeros((len(features), len(cases)))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for place, feature in enumerate(features):
            values = np.asarray(feature.compute(cases))
            if values.shape != (len(cases),):
                raise ValueError(
                    f"feature {feature.name!r} gives shape {values.shape} for {len(cases)} cases"
                )
            match feature.kind:
                case FeatureKind.NUMBER:
                    numbers[place] = values
                    made[feature.name] = numbers[place]
                case FeatureKind.CATEGORY:
                    made[feature.name] = values.astype(object)
                case _:
                    assert_never(feature.kind)
    numbers[~np.isfinite(numbers)] = np.nan
    return made


def inputs(features: Sequence[Feature], cases: Cases) -> pd.DataFrame:
    """The same as a frame.

    Raises:
        ValueError: as `columns` does.
    """
    made = columns(features, cases)
    return pd.DataFrame(
        {f.name: pd.Series(made[f.name], dtype=DTYPES[f.kind]) for f in features},
        index=range(len(cases)),
    )
