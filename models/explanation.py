"""Explain a score: a waterfall from the base rate whose contributions add up to it.

TreeSHAP gives each feature's part of the margins. The parts are added one by one, the
strongest first, and the calibrated probability is read after each: the steps between are
the contributions. Probabilities lie on a grid (see `models.calibration.calibrators`), so base plus
contributions is exactly the score, in any order of adding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.feature import FeatureKind, Theme
from models.calibration.calibrators import Calibration
from models.encoding.encoder import Encoder, is_missing
from models.encoding.feature_spec import FeatureSpec

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OTHER_FEATURES = "all other features"


class WaterfallStep(NamedTuple):
    """One step of the waterfall, in probability.

    Attributes:
        spec: spec of the feature; None for all other features together.
        value: value as passed in; None is missing.
        unseen: whether the value is a category that training never saw.
        others: number of features that the step sums up.
    """

    spec: FeatureSpec | None
    value: float | str | None
    contribution: float
    unseen: bool = False
    others: int = 0

    @property
    def feature(self) -> str:
        """Name of the feature, or `OTHER_FEATURES`."""
        return OTHER_FEATURES if self.spec is None else self.spec.name

    @property
    def theme(self) -> Theme | None:
        """Theme of the feature; None for `OTHER_FEATURES`."""
        return None if self.spec is None else self.spec.theme

    @property
    def sentence(self) -> str:
        """Sentence that a reviewer reads; built on demand, as few parts are ever shown."""
        if self.spec is None:
            return f"{self.others} further features together"
        return value_in_words(self.spec, self.value, unseen=self.unseen)


def value_in_words(spec: FeatureSpec, value: float | str | None, *, unseen: bool) -> str:
    """Return the sentence of a feature's value, and whether training never saw the value."""
    return spec.text(value) + (" (never seen in training)" if unseen else "")


@dataclass(frozen=True)
class Explanation:
    """base + sum of the parts' contributions == score, the logged probability of `name`.

    Attributes:
        base: probability before anything is known of the case.
        parts: steps, the strongest first.
    """

    name: str
    base: float
    parts: tuple[WaterfallStep, ...]
    score: float


Explanations = tuple[Explanation, ...]


@dataclass(frozen=True)
class ScoredRows:
    """Scored rows to explain.

    Attributes:
        unseen: (n, F) flags.
        parts: (n, M, F + 1) contributions to the margins.
        explained: (n,) class number.
    """

    encoder: Encoder
    calibration: Calibration
    classes: tuple[str, ...]
    unseen: NDArray[np.bool_]
    parts: Floats
    probability: Floats
    explained: Ints


def build_explanations(
    scored: ScoredRows, columns: Sequence[NDArray[Any]], k: int | None
) -> Explanations:
    """Explain each row by its k strongest features (all if None) and the rest.

    columns: what each feature was given, in their order.
    """
    if not len(scored.probability):
        return ()
    plain = [
        _plain_values(spec, column)
        for spec, column in zip(scored.encoder.specs, columns, strict=True)
    ]
    orders = np.stack(
        [_features_by_strength(scored, row) for row in range(len(scored.probability))]
    )
    paths = _waterfalls(scored, orders)
    return tuple(
        _build_explanation(scored, plain, row, order, path, k)
        for row, (order, path) in enumerate(zip(orders.tolist(), paths, strict=True))
    )


def _build_explanation(
    scored: ScoredRows,
    columns: Sequence[Sequence[float | str | None]],
    row: int,
    order: Sequence[int],
    path: Floats,
    k: int | None,
) -> Explanation:
    specs, unseen = scored.encoder.specs, scored.unseen[row].tolist()
    shown = len(order) if k is None else min(k, len(order))
    changes = np.diff(path).tolist()
    parts = [
        WaterfallStep(specs[feature], columns[feature][row], change, unseen[feature])
        for feature, change in zip(order[:shown], changes, strict=False)
    ]
    if shown < len(order):
        rest = float(path[-1] - path[shown])
        parts.append(WaterfallStep(None, None, rest, others=len(order) - shown))
    at = int(scored.explained[row])
    score = float(scored.probability[row, at])
    return Explanation(scored.classes[at], float(path[0]), tuple(parts), score)


def _features_by_strength(scored: ScoredRows, row: int) -> Ints:
    """Features in order of strength."""
    margins = scored.parts[row]
    strength = np.abs(_feature_strengths(scored, margins[:, :-1], row, int(scored.explained[row])))
    return np.argsort(-strength, kind="stable")


def _waterfalls(scored: ScoredRows, orders: Ints) -> Floats:
    """(n, F + 1) probabilities from base to score, the features added in their order."""
    rows, outputs, width = scored.parts.shape
    base, parts = scored.parts[:, :, -1:], scored.parts[:, :, :-1]
    ordered = np.take_along_axis(parts, np.repeat(orders[:, None], outputs, axis=1), axis=2)
    added = np.cumsum(np.concatenate([base, ordered], axis=2), axis=2)
    margins = np.ascontiguousarray(added.transpose(0, 2, 1)).reshape(rows * width, outputs)
    steps = scored.calibration.probabilities(margins).reshape(rows, width, -1)
    every = np.arange(rows)
    path = steps[every, :, scored.explained]
    # TreeSHAP's sum and the margin differ in the last bits; the margin counts.
    path[:, -1] = scored.probability[every, scored.explained]
    return path


def _feature_strengths(scored: ScoredRows, margins: Floats, row: int, at: int) -> Floats:
    """Return (F,) how strongly each feature pulls at the explained class against the others."""
    if len(margins) == 1:
        return np.asarray(margins[0])
    present = getattr(scored.calibration, "present", ())
    weight = scored.probability[row, list(present)]
    own = margins[present.index(at)] if at in present else np.zeros(margins.shape[1])
    return np.asarray(own - weight @ margins)


def _plain_values(spec: FeatureSpec, column: NDArray[Any]) -> list[float | str | None]:
    """Convert a column to plain values; None is missing."""
    plain = column.tolist()
    if spec.kind is FeatureKind.NUMBER and column.dtype == np.float64:
        return [None if value != value else value for value in plain]  # noqa: PLR0124 - NaN
    of_kind: type[float | str] = float if spec.kind is FeatureKind.NUMBER else str
    return [None if is_missing(value) else of_kind(value) for value in plain]
