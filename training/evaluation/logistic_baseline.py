"""Logistic regression baseline on the task's features.

Numbers are clipped to the range that training saw, standardised, and joined by a flag where
they may be missing; categories that are frequent get a column each. All of that is learnt
from the training rows alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from features.feature import Feature, FeatureKind

Floats = NDArray[np.float64]

CLIP_QUANTILES = (0.01, 0.99)
"""Quantiles of training that numbers are clipped to: one typing error must not bend the line."""
MAX_CATEGORIES = 30
MIN_CATEGORY_ROWS = 20
"""Rows a category needs for a column of its own."""
MAX_ROWS = 20_000
"""Rows to learn from, evenly spread; more change the fit little and cost minutes."""
ROUNDS = 200


@dataclass(frozen=True)
class NumberEncoding:
    """A number's way into the design: clipped, filled by its mean, standardised, flagged."""

    name: str
    low: float
    high: float
    mean: float
    spread: float

    def columns(self, inputs: pd.DataFrame) -> list[Floats]:
        """The standardised number, and 1 where it is missing."""
        values = inputs[self.name].to_numpy(dtype=np.float64, na_value=np.nan)
        missing = np.isnan(values)
        inside = np.clip(np.where(missing, self.mean, values), self.low, self.high)
        return [(inside - self.mean) / self.spread, missing.astype(np.float64)]


@dataclass(frozen=True)
class CategoryEncoding:
    """The values of a category that are frequent; all others are none of them."""

    name: str
    frequent: tuple[str, ...]

    def columns(self, inputs: pd.DataFrame) -> list[Floats]:
        """1 where the category is that value, one column each."""
        values = inputs[self.name].to_numpy(dtype=object)
        return [(values == value).astype(np.float64) for value in self.frequent]


@dataclass(frozen=True)
class LogisticBaseline:
    """Learnt weights. classes: K of the task; those that training lacked get probability 0."""

    parts: tuple[NumberEncoding | CategoryEncoding, ...]
    model: LogisticRegression | None
    classes: int
    only: int

    def probability(self, inputs: pd.DataFrame) -> Floats:
        """(n, K), rows sum to one."""
        found = np.zeros((len(inputs), self.classes))
        if self.model is None:
            found[:, self.only] = 1.0
        elif len(inputs):
            found[:, self.model.classes_] = self.model.predict_proba(
                design_matrix(self.parts, inputs)
            )
        return found


def fit_logistic(
    features: Sequence[Feature], inputs: pd.DataFrame, label: NDArray[np.int64], classes: int
) -> LogisticBaseline:
    """Weights of a regression with scikit-learn's own penalty, on standardised columns."""
    if len(label) > MAX_ROWS:
        even = np.linspace(0, len(label) - 1, MAX_ROWS).astype(np.int64)
        inputs, label = inputs.iloc[even], label[even]
    parts = fit_encodings(features, inputs)
    if len(np.unique(label)) < 2 or not parts:
        return LogisticBaseline(parts, None, classes, int(np.bincount(label).argmax()))
    model = LogisticRegression(max_iter=ROUNDS, tol=1e-3)
    with warnings.catch_warnings():
        # Rounds are bounded on purpose; the penalty keeps an unfinished fit harmless.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(design_matrix(parts, inputs), label)
    return LogisticBaseline(parts, model, classes, 0)


def fit_encodings(
    features: Sequence[Feature], inputs: pd.DataFrame
) -> tuple[NumberEncoding | CategoryEncoding, ...]:
    """How each feature enters, learnt from these rows; those that say nothing are left out."""
    found: list[NumberEncoding | CategoryEncoding] = []
    for feature in features:
        column = inputs[feature.name]
        if feature.kind is FeatureKind.NUMBER:
            number = _number(feature.name, column.to_numpy(dtype=np.float64, na_value=np.nan))
            found += [number] if number else []
        else:
            found.append(_category(feature.name, column))
    return tuple(found)


def design_matrix(
    parts: Sequence[NumberEncoding | CategoryEncoding], inputs: pd.DataFrame
) -> Floats:
    """(n, columns): what the regression weighs."""
    columns = [column for part in parts for column in part.columns(inputs)]
    return np.column_stack(columns) if columns else np.zeros((len(inputs), 0))


def _number(name: str, values: Floats) -> NumberEncoding | None:
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return None
    low, high = np.quantile(known, CLIP_QUANTILES)
    inside = np.clip(known, low, high)
    spread = float(inside.std())
    return NumberEncoding(name, float(low), float(high), float(inside.mean()), spread or 1.0)


def _category(name: str, column: pd.Series[Any]) -> CategoryEncoding:
    counts = column.value_counts()
    by_count = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    frequent = [str(value) for value, count in by_count if count >= MIN_CATEGORY_ROWS]
    return CategoryEncoding(name, tuple(frequent[:MAX_CATEGORIES]))
