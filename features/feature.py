"""Feature: a value with its meaning, and the one function that computes it on every path.

Training hands the function a million cases, serving hands it one; it cannot tell which.

One case costs a frame more than all of its features do: serving takes the columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from data.lazy_imports import pd
from features.cases import Cases

Floats = NDArray[np.float64]


class FeatureKind(StrEnum):
    """Kind of value that a feature has, which decides how the model encodes it."""

    NUMBER = "number"
    CATEGORY = "category"


class Theme(StrEnum):
    """Business reasons that correlated features are grouped under for the reviewer."""

    SUPPLIER_RELIABILITY = "supplier's reliability"
    ITEM_HISTORY = "item's history"
    SITE_HABIT = "site's habits"
    STOCK_COVER = "stock cover"
    DEMAND = "demand"
    PRICE = "price against order"
    QUANTITY = "quantity against order and receipt"
    PAPER_TRAIL = "paper trail"
    TIMING = "timing"
    ORDER = "what was ordered"


@dataclass(frozen=True)
class Feature:
    """One input of a model.

    Attributes:
        compute: takes cases, returns one value per case: float64 with NaN for missing (NUMBER),
            or an object array of str and None (CATEGORY). Must be row-wise: a case's value may
            not depend on its neighbours.
        unit: unit of the value ("days", "share", "base units", ...); empty for categories.
        missing: meaning of a missing value, in words ("no receipt in 364 days").
        sentence: text that a reviewer reads; `{value}` takes a format spec, as in
            "{value:.0%} of this supplier's lines came late in the last year", or one of
            `features.value_wording`, as in "{value:count line is|lines are} overdue".
        cycle_days: length of the cycle that the value is a place in (365 for a month of the
            year); 0 where it is in none.
    """

    name: str
    theme: Theme
    unit: str
    missing: str
    sentence: str
    compute: Callable[[Cases], NDArray[Any]]
    kind: FeatureKind = FeatureKind.NUMBER
    cycle_days: int = 0


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Divide; missing where the denominator is not above zero."""
    result: Floats = np.asarray(numerator / denominator, dtype=np.float64)
    result[~(denominator > 0)] = np.nan
    return result


def days_between(start: NDArray[np.datetime64], end: NDArray[np.datetime64]) -> Floats:
    """Return the days from start to end, with fractions; missing where either is missing."""
    span = (end.astype("datetime64[us]") - start.astype("datetime64[us]")).astype(np.float64)
    span[np.isnat(start) | np.isnat(end)] = np.nan
    return np.asarray(span / 86_400_000_000.0, dtype=np.float64)


DTYPES = {FeatureKind.NUMBER: np.float64, FeatureKind.CATEGORY: object}


def feature_columns(features: Sequence[Feature], cases: Cases) -> dict[str, NDArray[Any]]:
    """Compute one array per feature, by name and in order: float64, or object of str and None."""
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


def feature_frame(features: Sequence[Feature], cases: Cases) -> pd.DataFrame:
    """Compute the features as a frame with one column per feature."""
    made = feature_columns(features, cases)
    return pd.DataFrame(
        {f.name: pd.Series(made[f.name], dtype=DTYPES[f.kind]) for f in features},
        index=range(len(cases)),
    )
