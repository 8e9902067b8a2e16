"""Logistic regression baseline on the task's features, as a scikit-learn pipeline.

Numbers are clipped to the range that training saw, standardised, and joined by a flag where they
are missing; each frequent category gets a column, the rare ones share one. All of that is learnt
from the training rows alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

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
MISSING_CATEGORY = "(missing)"


@dataclass(frozen=True)
class LogisticBaseline:
    """A fitted regression.

    Attributes:
        pipeline: None where training had one class or no usable feature.
        classes: K of the task; those that training lacked get probability 0.
        only_class: number of the class that is certain where there is no pipeline.
    """

    pipeline: Pipeline | None
    classes: int
    only_class: int = 0

    def probability(self, inputs: pd.DataFrame) -> Floats:
        """Return (n, K) probabilities, rows sum to one."""
        probability = np.zeros((len(inputs), self.classes))
        if self.pipeline is None:
            probability[:, self.only_class] = 1.0
        elif len(inputs):
            probability[:, self.pipeline.classes_] = self.pipeline.predict_proba(inputs)
        return probability


def fit_logistic(
    features: Sequence[Feature], inputs: pd.DataFrame, label: NDArray[np.int64], classes: int
) -> LogisticBaseline:
    """Fit the regression with scikit-learn's own penalty.

    Args:
        features: columns of `inputs` to use.
        inputs: (n, features) as the model gets them.
        label: (n,) class numbers.
        classes: number of classes of the task.
    """
    if len(label) > MAX_ROWS:
        even = np.linspace(0, len(label) - 1, MAX_ROWS).astype(np.int64)
        inputs, label = inputs.iloc[even], label[even]
    numbers, categories = _usable_columns(features, inputs)
    if len(np.unique(label)) < 2 or not (numbers or categories):
        return LogisticBaseline(None, classes, int(np.bincount(label).argmax()))
    pipeline = make_pipeline(
        _design(inputs, numbers, categories), LogisticRegression(max_iter=ROUNDS, tol=1e-3)
    )
    with warnings.catch_warnings():
        # Rounds are bounded on purpose; the penalty keeps an unfinished fit harmless.
        warnings.simplefilter("ignore", ConvergenceWarning)
        pipeline.fit(inputs, label)
    return LogisticBaseline(pipeline, classes)


def _usable_columns(
    features: Sequence[Feature], inputs: pd.DataFrame
) -> tuple[list[str], list[str]]:
    """Return numbers that are known in some row, and categories."""
    numbers = [f.name for f in features if f.kind is FeatureKind.NUMBER]
    known = np.atleast_1d(np.isfinite(_floats(inputs[numbers])).any(axis=0))
    categories = [f.name for f in features if f.kind is not FeatureKind.NUMBER]
    return [name for name, some in zip(numbers, known, strict=True) if some], categories


def _design(
    inputs: pd.DataFrame, numbers: Sequence[str], categories: Sequence[str]
) -> ColumnTransformer:
    values = _floats(inputs[list(numbers)])
    low, high = np.nanquantile(np.where(np.isfinite(values), values, np.nan), CLIP_QUANTILES, 0)
    scaled = make_pipeline(
        FunctionTransformer(_clip, kw_args={"low": low, "high": high}),
        StandardScaler(),
        SimpleImputer(strategy="constant", fill_value=0.0),  # the mean, once standardised
    )
    columns = make_pipeline(
        FunctionTransformer(_texts),
        OneHotEncoder(
            min_frequency=MIN_CATEGORY_ROWS,
            max_categories=MAX_CATEGORIES + 1,  # the rare ones together are one
            handle_unknown="ignore",
            sparse_output=False,
        ),
    )
    return ColumnTransformer(
        [
            ("numbers", scaled, list(numbers)),
            ("missing", FunctionTransformer(_missing), list(numbers)),
            ("categories", columns, list(categories)),
        ]
    )


def _floats(frame: pd.DataFrame) -> Floats:
    return frame.to_numpy(dtype=np.float64, na_value=np.nan)


def _clip(frame: pd.DataFrame, low: Floats, high: Floats) -> Floats:
    return np.asarray(np.clip(_floats(frame), low, high))


def _missing(frame: pd.DataFrame) -> Floats:
    return np.isnan(_floats(frame)).astype(np.float64)


def _texts(frame: pd.DataFrame) -> NDArray[np.object_]:
    return frame.astype(object).where(frame.notna(), MISSING_CATEGORY).to_numpy(dtype=object)
