"""Encode model inputs as the numbers that trees read; what does not fit is an error or a flag.

LightGBM turns an unknown category, a typo or a renamed column into a score without a word.
Here a column that is wrong is refused, and a category never seen in training is flagged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from data.lazy_imports import pd
from features.feature import Feature, FeatureKind
from models.encoding.feature_spec import LEAST_GAIN, FeatureSpec

Floats = NDArray[np.float64]
NUMERIC_DTYPE_KINDS = frozenset("fiub")
"""Of numpy's kinds of arrays those that hold numbers."""
MOST_CELLS_AT_ONCE = 100_000
"""Numbers put into the matrix at once: one case in one go, a million cases feature by feature."""
ModelInputs: TypeAlias = "pd.DataFrame | Mapping[str, NDArray[Any]]"


class InputError(ValueError):
    """The model cannot read the inputs; says what, got, and the choices."""


@dataclass(frozen=True)
class EncodedInputs:
    """Inputs as the numbers that trees read.

    Attributes:
        matrix: (n, F) float64, NaN missing.
        unseen: (n, F) flags of categories unknown to training.
    """

    matrix: Floats
    unseen: NDArray[np.bool_]


@dataclass(frozen=True)
class Encoder:
    """Encode inputs by the feature list of a model: categories to codes, numbers as they are."""

    specs: tuple[FeatureSpec, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Feature names, in the order of the matrix."""
        return tuple(spec.name for spec in self.specs)

    @cached_property
    def categorical(self) -> list[int]:
        """Positions of the categorical features."""
        return [i for i, spec in enumerate(self.specs) if spec.kind is FeatureKind.CATEGORY]

    @cached_property
    def numeric(self) -> list[int]:
        """Positions of the numeric features."""
        return [i for i, spec in enumerate(self.specs) if spec.kind is FeatureKind.NUMBER]

    @cached_property
    def bounds(self) -> tuple[Floats, Floats]:
        """Least and greatest value of each feature in training; infinite where none."""
        low = [-np.inf if spec.low is None else spec.low for spec in self.specs]
        high = [np.inf if spec.high is None else spec.high for spec in self.specs]
        return np.array(low), np.array(high)

    @cached_property
    def _codes(self) -> tuple[dict[str, float], ...]:
        return tuple(_code_table(spec) for spec in self.specs)

    def encode(self, inputs: ModelInputs) -> EncodedInputs:
        """Encode inputs into a matrix, row by row.

        A rare category gets the code of rare ones; an unseen one too where training had
        rare ones, and is missing otherwise: in both cases it is flagged.

        Raises:
            InputError: for columns other than the model's (in a frame: or in another
                order), text for a number, a number for text, or an infinite number.
        """
        columns = self._columns(inputs)
        rows = self._rows(columns)
        matrix = np.empty((rows, len(self.specs)))
        unseen = np.zeros((rows, len(self.specs)), dtype=bool)
        several = max(1, MOST_CELLS_AT_ONCE // max(1, rows))
        for first in range(0, len(self.numeric), several):
            places = self.numeric[first : first + several]
            matrix[:, places] = self._stacked(columns, places).T
        for i in self.categorical:
            matrix[:, i], unseen[:, i] = _category_codes(self.specs[i], columns[i], self._codes[i])
        self._refuse_infinite(matrix)
        return EncodedInputs(matrix, unseen)

    def outside(self, matrix: Floats) -> NDArray[np.bool_]:
        """Return (n, F) flags of numbers in use that lie outside the range that training saw."""
        low, high = self.bounds
        return np.asarray(((matrix < low) | (matrix > high)) & self.in_use)

    @cached_property
    def in_use(self) -> NDArray[np.bool_]:
        """Flags of the features that the trees look at, (F,)."""
        return np.array([spec.in_use for spec in self.specs], dtype=bool)

    def with_gains(self, gains: Floats) -> Encoder:
        """Return the encoder with the features marked that trees of these gains, (F,), look at."""
        least = LEAST_GAIN * gains.sum()
        marked = [
            replace(spec, in_use=bool(gain > 0 and gain >= least))
            for spec, gain in zip(self.specs, gains.tolist(), strict=True)
        ]
        return Encoder(tuple(marked))

    def _rows(self, columns: Sequence[NDArray[Any]]) -> int:
        rows = len(columns[0])
        for spec, column in zip(self.specs, columns, strict=True):
            if len(column) != rows:
                raise InputError(
                    f"feature {spec.name!r} has {len(column)} rows, "
                    f"{self.names[0]!r} has {rows}; all must have the same"
                )
        return rows

    def _stacked(self, columns: Sequence[NDArray[Any]], places: Sequence[int]) -> Floats:
        """Return the numeric features at these positions as a (places, n) array."""
        arrays = [columns[i] for i in places]
        if not {column.dtype.kind for column in arrays} <= NUMERIC_DTYPE_KINDS:
            arrays = [_number_column(self.specs[i], columns[i]) for i in places]
        return np.array(arrays, dtype=np.float64)

    def _columns(self, inputs: ModelInputs) -> list[NDArray[Any]]:
        columns = tuple(inputs) if isinstance(inputs, Mapping) else tuple(inputs.columns)
        if set(columns) != set(self.names) or len(columns) != len(self.names):
            raise InputError(_wrong_columns_message(columns, self.names))
        if not isinstance(inputs, Mapping):
            if columns != self.names:
                place = next(i for i, name in enumerate(columns) if name != self.names[i])
                raise InputError(
                    f"column {place} is {columns[place]!r}, it must be {self.names[place]!r}; "
                    f"the order is {', '.join(self.names)}"
                )
            return [inputs[name].to_numpy() for name in self.names]
        return [np.asarray(inputs[name]) for name in self.names]

    def _refuse_infinite(self, matrix: Floats) -> None:
        if not np.isinf(matrix).any():
            return
        row, at = np.argwhere(np.isinf(matrix))[0]
        raise InputError(
            f"row {row}: feature {self.names[at]!r} is {matrix[row, at]}; "
            "it must be a finite number, or NaN where it is missing"
        )


def learn_encoder(
    features: Sequence[Feature], inputs: pd.DataFrame, *, min_count: int, max_categories: int = 1000
) -> Encoder:
    """Learn the categories and ranges of features from training rows.

    A category needs `min_count` rows to get a code of its own; at most `max_categories`
    (the most frequent) get one.

    Raises:
        InputError: where the inputs are not the features', in their order.
    """
    plain = Encoder(tuple(FeatureSpec.of(feature) for feature in features))
    columns = plain._columns(inputs)  # noqa: SLF001 (the same check, before there are codes)
    return Encoder(
        tuple(
            _learn_spec(feature, spec, column, min_count, max_categories)
            for feature, spec, column in zip(features, plain.specs, columns, strict=True)
        )
    )


def _learn_spec(
    feature: Feature, spec: FeatureSpec, column: NDArray[Any], min_count: int, max_categories: int
) -> FeatureSpec:
    if feature.kind is FeatureKind.NUMBER:
        numbers = _number_column(spec, column)
        seen = numbers[np.isfinite(numbers)]
        if len(seen) == 0:
            return spec
        return FeatureSpec.of(feature, seen=(float(seen.min()), float(seen.max())))
    _reject_numbers(spec, column)
    counts: dict[str, int] = {}
    for value in column:
        if isinstance(value, str):
            counts[value] = counts.get(value, 0) + 1
    by_count = sorted(counts, key=lambda value: (-counts[value], value))
    kept = [value for value in by_count if counts[value] >= min_count][:max_categories]
    return FeatureSpec.of(feature, tuple(sorted(kept)), tuple(sorted(set(counts) - set(kept))))


def _code_table(spec: FeatureSpec) -> dict[str, float]:
    codes = {value: float(code) for code, value in enumerate(spec.categories)}
    return codes | dict.fromkeys(spec.rare, float(spec.other_code))


def _number_column(spec: FeatureSpec, column: NDArray[Any]) -> Floats:
    if column.dtype.kind in NUMERIC_DTYPE_KINDS:
        return column.astype(np.float64, copy=False)
    if column.dtype.kind != "O":
        raise InputError(f"feature {spec.name!r} takes numbers, got {column.dtype}")
    numbers = np.empty(len(column))
    for row, value in enumerate(column):
        if isinstance(value, (str, bytes)) or not (is_missing(value) or _is_number(value)):
            raise InputError(
                f"row {row}: feature {spec.name!r} takes a number"
                f"{f' ({spec.unit})' if spec.unit else ''}, got {value!r}"
            )
        numbers[row] = np.nan if is_missing(value) else float(value)
    return numbers


def _category_codes(
    spec: FeatureSpec, column: NDArray[Any], codes: Mapping[str, float]
) -> tuple[Floats, NDArray[np.bool_]]:
    fallback = float(spec.other_code) if spec.rare else np.nan
    code = np.full(len(column), np.nan)
    unseen = np.zeros(len(column), dtype=bool)
    for row, value in enumerate(column):
        if isinstance(value, str):
            known = codes.get(value)
            unseen[row] = known is None
            code[row] = fallback if known is None else known
        elif not is_missing(value):
            _reject_numbers(spec, column)
    return code, unseen


def _reject_numbers(spec: FeatureSpec, column: NDArray[Any]) -> None:
    for row, value in enumerate(column):
        if not isinstance(value, str) and not is_missing(value):
            some = ", ".join(spec.categories[:5]) or "any text"
            raise InputError(f"row {row}: feature {spec.name!r} takes text ({some}), got {value!r}")


def is_missing(value: object) -> bool:
    """Return whether a value of a column means missing."""
    if value is None or isinstance(value, str):
        return value is None
    if isinstance(value, float):
        return value != value  # noqa: PLR0124 - NaN is unlike itself
    return value is pd.NA


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating, np.bool_))


def _wrong_columns_message(columns: Sequence[str], names: Sequence[str]) -> str:
    missing = [name for name in names if name not in columns]
    strange = [str(name) for name in columns if name not in names]
    problems = [f"missing: {', '.join(missing)}"] if missing else []
    problems += [f"unknown: {', '.join(strange)}"] if strange else []
    problems += ["a column is there twice"] if not problems else []
    return (
        f"inputs are not the model's features; {'; '.join(problems)}; it takes {', '.join(names)}"
    )
