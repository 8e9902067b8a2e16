"""Fit calibrators of a binary model: Platt, beta, isotonic."""

from __future__ import annotations

from typing import assert_never

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from models.calibration.calibrators import BinaryCalibration, CalibrationMethod, softplus

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SLOPE_PRIOR_DEVIATION = 0.5  # prior standard deviation of a slope around 1
OFFSET_PRIOR_DEVIATION = 0.7  # and of an offset around 0
BLOCK_ROWS = 20.0  # an isotonic block smaller than this is merged into its neighbour


def fit_binary(
    method: CalibrationMethod,
    margin: Floats,
    label: Ints,
    shares: Floats,
    weight: Floats | None = None,
) -> BinaryCalibration:
    """Fit the calibration of a method.

    Args:
        method: method to fit.
        margin: (n,) margins of the event.
        label: (n,) class numbers.
        shares: (2,) class shares.
        weight: (n,) weight of each row, about 1 on average; None is 1 throughout.
    """
    mass = np.ones(len(label)) if weight is None else weight
    match method:
        case CalibrationMethod.IDENTITY:
            return BinaryCalibration(method)
        case CalibrationMethod.PLATT:
            return BinaryCalibration(method, _fit_logistic(margin[:, None], label, mass))
        case CalibrationMethod.BETA:
            slopes = np.stack([-softplus(-margin), softplus(margin)], axis=1)
            return BinaryCalibration(method, _fit_logistic(slopes, label, mass))
        case CalibrationMethod.ISOTONIC:
            return BinaryCalibration(method, _fit_isotonic(margin, label, mass))
        case CalibrationMethod.SHARES:
            return BinaryCalibration(method, (float(np.log(shares[1] / shares[0])),))
        case CalibrationMethod.TEMPERATURE | CalibrationMethod.VECTOR | CalibrationMethod.DIRICHLET:
            raise ValueError(f"{method} calibrates more than two classes, this has two")
        case _:
            assert_never(method)


def _fit_logistic(slopes: Floats, label: Ints, mass: Floats) -> tuple[float, ...]:
    """Fit slopes (none below zero, prior around 1) and an offset (prior around 0)."""
    design = np.column_stack([slopes, np.ones(len(label))])
    centre = np.append(np.ones(slopes.shape[1]), 0.0)
    spread = np.append(np.full(slopes.shape[1], SLOPE_PRIOR_DEVIATION), OFFSET_PRIOR_DEVIATION)

    def loss(values: Floats) -> tuple[float, Floats]:
        logit = design @ values
        pull = (values - centre) / spread
        lost = float(mass @ (softplus(logit) - label * logit) + 0.5 * np.sum(pull**2))
        event = 1.0 / (1.0 + np.exp(-np.clip(logit, -36.0, 36.0)))
        return lost, design.T @ (mass * (event - label)) + pull / spread

    bounds = [(0.0, None)] * slopes.shape[1] + [(None, None)]
    found = minimize(loss, centre, jac=True, method="L-BFGS-B", bounds=bounds)
    return tuple(float(value) for value in found.x)


def _fit_isotonic(margin: Floats, label: Ints, mass: Floats) -> tuple[float, ...]:
    """Fit knots of a rising function by pooling adjacent violators, joined by lines."""
    order = np.argsort(margin, kind="stable")
    blocks: list[tuple[float, float, float]] = []  # rows, events, sum of margins
    ranked = (margin[order].tolist(), label[order].tolist(), mass[order].tolist())
    for value, event, rows in zip(*ranked, strict=True):
        blocks.append((rows, rows * event, rows * value))
        while len(blocks) > 1 and _must_merge(blocks[-2], blocks[-1]):
            last, before = blocks.pop(), blocks.pop()
            blocks.append((before[0] + last[0], before[1] + last[1], before[2] + last[2]))
    knots = [total / rows for rows, _, total in blocks]
    logits = [float(np.log((e + 0.5) / (r - e + 0.5))) for r, e, _ in blocks]
    return (*knots, *np.maximum.accumulate(logits).tolist())


def _must_merge(before: tuple[float, float, float], after: tuple[float, float, float]) -> bool:
    """Return whether two neighbouring blocks must be merged: too small, or not rising."""
    falling = before[1] / before[0] >= after[1] / after[0]
    return falling or before[0] < BLOCK_ROWS
