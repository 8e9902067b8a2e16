"""Calibrators as plain numbers: from margins to probabilities.

Every probability is a whole multiple of 2^-40 (about 1e-12). Sums and differences of such
numbers are exact, so the classes sum to exactly one and an explanation's parts to exactly
the score, in whatever order they are added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PROBABILITY_GRID = 2.0**40
PROBABILITY_FLOOR = 1e-6
ISOTONIC_TAIL_SLOPE = (
    0.1  # beyond the outermost isotonic knots: order is kept, confidence hardly grows
)


class CalibrationMethod(StrEnum):
    """Ways to calibrate; `SHARES` gives every case the class shares."""

    IDENTITY = "identity"
    PLATT = "platt"
    BETA = "beta"
    ISOTONIC = "isotonic"
    TEMPERATURE = "temperature"
    VECTOR = "vector"
    DIRICHLET = "dirichlet"
    SHARES = "shares"


def round_to_grid(probability: Floats) -> Floats:
    """Round to the nearest multiples of 2^-40."""
    return np.asarray(np.rint(probability * PROBABILITY_GRID) / PROBABILITY_GRID)


@dataclass(frozen=True)
class BinaryCalibration:
    """Monotone calibration from the margin of the event to its probability.

    numbers: IDENTITY none; PLATT slope, offset; BETA slope below, slope above, offset;
        ISOTONIC knots (margins, then logits); SHARES the logit of the event's share.
    """

    method: CalibrationMethod
    numbers: tuple[float, ...] = ()

    def probabilities(self, margins: Floats) -> Floats:
        """Return (n, 2) probabilities of (n, 1) margins."""
        event = 1.0 / (1.0 + np.exp(-np.clip(self.logit(margins[:, 0].copy()), -36.0, 36.0)))
        event = round_to_grid(np.clip(event, PROBABILITY_FLOOR, 1.0 - PROBABILITY_FLOOR))
        return np.stack([1.0 - event, event], axis=1)

    def logit(self, margin: Floats) -> Floats:
        """Calibrated log-odds of the event."""
        match self.method:
            case CalibrationMethod.IDENTITY:
                return margin
            case CalibrationMethod.PLATT:
                slope, offset = self.numbers
                return slope * margin + offset
            case CalibrationMethod.BETA:
                below, above, offset = self.numbers
                return above * softplus(margin) - below * softplus(-margin) + offset
            case CalibrationMethod.ISOTONIC:
                half = len(self.numbers) // 2
                knots, logits = self.numbers[:half], self.numbers[half:]
                tail = margin - np.clip(margin, knots[0], knots[-1])
                return np.interp(margin, knots, logits) + ISOTONIC_TAIL_SLOPE * tail
            case CalibrationMethod.SHARES:
                return np.full(len(margin), self.numbers[0])
            case (
                CalibrationMethod.TEMPERATURE
                | CalibrationMethod.VECTOR
                | CalibrationMethod.DIRICHLET
            ):
                raise ValueError(f"{self.method} calibrates more than two classes, this has two")
            case _:
                assert_never(self.method)

    def as_json(self) -> dict[str, Any]:
        """Return plain values that `calibration_from_json` reads back."""
        return {"kind": "binary", **asdict(self)}


@dataclass(frozen=True)
class ClassCalibration:
    """Calibration from margins of the classes with training rows to K probabilities.

    The probabilities are softmax(slope * margin + offset) over the classes in `present`, mixed
    with the class shares by `weight`.

    Attributes:
        shares: (K,) class shares, above zero also for classes never seen.
        mixing: (M, M), one row per class whose logit it makes; only DIRICHLET has one, and its
            logits are slope * (mixing @ log softmax(margins)) + offset.
    """

    method: CalibrationMethod
    present: tuple[int, ...]
    shares: tuple[float, ...]
    slope: float
    offsets: tuple[float, ...]
    weight: float
    mixing: tuple[tuple[float, ...], ...] = ()

    def probabilities(self, margins: Floats) -> Floats:
        """(n, K) of (n, M), M the number of classes present (any M if weight is 1)."""
        # Class by class, never across an axis: a row's bits must not depend on its batch.
        columns = [np.full(len(margins), share) for share in self.shares]
        if self.weight < 1.0:
            seen = 1.0 - sum(s for k, s in enumerate(self.shares) if k not in self.present)
            softmax = self._softmax(margins)
            for k, part in zip(self.present, softmax, strict=True):
                columns[k] = self.weight * columns[k] + (1.0 - self.weight) * (seen * part)
        scale = 1.0 - len(columns) * PROBABILITY_FLOOR
        result = np.stack(
            [round_to_grid(PROBABILITY_FLOOR + scale * column) for column in columns], axis=1
        )
        return _sum_to_one(result)

    def _softmax(self, margins: Floats) -> list[Floats]:
        columns = [margins[:, m].copy() for m in range(len(self.offsets))]
        if self.mixing:
            columns = self._mixed(columns)
        logits = [
            self.slope * column + offset
            for column, offset in zip(columns, self.offsets, strict=True)
        ]
        _, odds, total = _odds_against_greatest(logits)
        return [odd / total for odd in odds]

    def _mixed(self, columns: list[Floats]) -> list[Floats]:
        """Return the weighted sum of all classes' log-probabilities for each class."""
        top, _, total = _odds_against_greatest(columns)
        floor = top + np.log(total)
        mixing = np.array(self.mixing)
        mixed = np.zeros((len(floor), len(columns)))
        for m, column in enumerate(columns):  # one class after the other, the same for any batch
            mixed += (column - floor)[:, None] * mixing[:, m]
        return [mixed[:, m].copy() for m in range(len(columns))]

    def as_json(self) -> dict[str, Any]:
        """Return plain values that `calibration_from_json` reads back."""
        return {"kind": "classes", **asdict(self)}


Calibration = BinaryCalibration | ClassCalibration


def calibration_from_json(fields: Mapping[str, Any]) -> Calibration:
    """Read the calibration that `as_json` wrote."""
    method = CalibrationMethod(fields["method"])
    if fields["kind"] == "binary":
        return BinaryCalibration(method, tuple(fields["numbers"]))
    return ClassCalibration(
        method,
        present=tuple(fields["present"]),
        shares=tuple(fields["shares"]),
        slope=fields["slope"],
        offsets=tuple(fields["offsets"]),
        weight=fields["weight"],
        mixing=tuple(tuple(row) for row in fields["mixing"]),
    )


def softplus(values: Floats) -> Floats:
    """Compute log(1 + exp(x)) without overflow."""
    return np.asarray(np.maximum(values, 0.0) + np.log1p(np.exp(-np.abs(values))))


def _odds_against_greatest(logits: list[Floats]) -> tuple[Floats, list[Floats], Floats]:
    """Return the greatest logit of each row, the odds against it, and their sum."""
    top = logits[0]
    for logit in logits[1:]:
        top = np.maximum(top, logit)
    odds = [np.exp(logit - top) for logit in logits]
    total = odds[0]
    for odd in odds[1:]:
        total = total + odd
    return top, odds, total


def _sum_to_one(probability: Floats) -> Floats:
    """Make each row sum to exactly one; the likeliest class takes the rounding of the grid."""
    total = probability[:, 0].copy()
    for k in range(1, probability.shape[1]):
        total += probability[:, k]
    rows = np.arange(len(probability))
    probability[rows, np.argmax(probability, axis=1)] += 1.0 - total
    return probability
