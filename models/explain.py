"""Why a score is what it is: a waterfall from the base rate whose parts add up.

TreeSHAP gives each feature's part of the margins. The parts are added one by one, the
strongest first, and the calibrated probability is read after each: the steps between are
the contributions. Probabilities lie on a grid (see `models.calibration`), so base plus
contributions is exactly the score, in any order of adding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.feature import FeatureKind, Theme
from models.calibration import Calibration
from models.encode import Encoded, Encoder, Inputs, is_missing
from models.feature_spec import FeatureSpec

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OTHERS = "all other features"


@dataclass(frozen=True)
class Part:
    """One step of the waterfall, in probability.

    feature: its name, or `OTHERS`. theme: None for `OTHERS`. value: as given; None missing.
    text: the sentence a reviewer reads.
    """

    feature: str
    theme: Theme | None
    value: float | str | None
    text: str
    contribution: float


@dataclass(frozen=True)
class Explanation:
    """base + sum of the parts' contributions == score, the logged probability of `name`.

    base: probability before anything is known of the case. parts: strongest first.
    """

    name: str
    base: float
    parts: tuple[Part, ...]
    score: float


Explanations = tuple[Explanation, ...]


@dataclass(frozen=True)
class Scored:
    """What is explained. parts: (n, M, F + 1) of margins. explained: (n,) class."""

    encoder: Encoder
    calibration: Calibration
    classes: tuple[str, ...]
    encoded: Encoded
    parts: Floats
    probability: Floats
    explained: Ints


def explain(scored: Scored, inputs: Inputs, k: int | None) -> Explanations:
    """One explanation a row, with the k strongest features (all if None) and the rest."""
    columns = [np.asarray(inputs[name]) for name in scored.encoder.names]
    return tuple(_explained(scored, columns, row, k) for row in range(len(scored.probability)))


def _explained(
    scored: Scored, columns: Sequence[NDArray[Any]], row: int, k: int | None
) -> Explanation:
    at = int(scored.explained[row])
    score = float(scored.probability[row, at])
    order, steps = _waterfall(scored, row, at, score)
    shown = len(order) if k is None else min(k, len(order))
    parts = [
        _part(scored, columns, row, feature, float(steps[i + 1] - steps[i]))
        for i, feature in enumerate(order[:shown].tolist())
    ]
    if shown < len(order):
        rest = float(steps[-1] - steps[shown])
        text = f"{len(order) - shown} further features together"
        parts.append(Part(OTHERS, None, None, text, rest))
    return Explanation(scored.classes[at], float(steps[0]), tuple(parts), score)


def _waterfall(scored: Scored, row: int, at: int, score: float) -> tuple[Ints, Floats]:
    """Features in order of strength, and (F + 1,) probabilities from base to score."""
    margins = scored.parts[row]
    strength = np.abs(_pull(scored, margins[:, :-1], row, at))
    order = np.argsort(-strength, kind="stable")
    added = np.concatenate([margins[:, -1:], margins[:, order]], axis=1)
    steps = scored.calibration.probabilities(np.ascontiguousarray(np.cumsum(added, axis=1).T))
    path = steps[:, at].copy()
    path[-1] = score  # TreeSHAP's sum and the margin differ in the last bits; the margin counts
    return order, path


def _pull(scored: Scored, margins: Floats, row: int, at: int) -> Floats:
    """(F,) how strongly each feature pulls at the explained class against the others."""
    if len(margins) == 1:
        return np.asarray(margins[0])
    present = getattr(scored.calibration, "present", ())
    weight = scored.probability[row, list(present)]
    own = margins[present.index(at)] if at in present else np.zeros(margins.shape[1])
    return np.asarray(own - weight @ margins)


def _part(
    scored: Scored, columns: Sequence[NDArray[Any]], row: int, feature: int, contribution: float
) -> Part:
    spec = scored.encoder.specs[feature]
    value = _value(spec, columns[feature][row])
    text = spec.text(value)
    if scored.encoded.unseen[row, feature]:
        text += " (never seen in training)"
    return Part(spec.name, spec.theme, value, text, contribution)


def _value(spec: FeatureSpec, value: Any) -> float | str | None:
    if is_missing(value):
        return None
    return float(value) if spec.kind is FeatureKind.NUMBER else str(value)
