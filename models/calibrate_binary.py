"""Fits of the calibrations of a binary model."""

from __future__ import annotations

from typing import assert_never

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from models.calibration import BinaryCalibration, Method, softplus

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SLOPE_SPREAD = 0.5  # prior standard deviation of a slope around 1
OFFSET_SPREAD = 0.7  # and of an offset around 0
BLOCK_ROWS = 20.0  # an isotonic block smaller than this is merged into its neighbour


def fit_binary(method: Method, margin: Floats, label: Ints, shares: Floats) -> BinaryCalibration:
    """The calibration of that method; (n,) margins and labels, (2,) shares of the classes."""
    match method:
        case Method.IDENTITY:
            return BinaryCalibration(method)
        case Method.PLATT:
            return BinaryCalibration(method, _logistic(margin[:, None], label))
        case Method.BETA:
            slopes = np.stack([-softplus(-margin), softplus(margin)], axis=1)
            return BinaryCalibration(method, _logistic(slopes, label))
        case Method.ISOTONIC:
            return BinaryCalibration(method, _isotonic(margin, label))
        case Method.SHARES:
            return BinaryCalibration(method, (float(np.log(shares[1] / shares[0])),))
        case Method.TEMPERATURE | Method.VECTOR:
            raise ValueError(f"{method} calibrates more than two classes, this has two")
        case _:
            assert_never(method)


def _logistic(slopes: Floats, label: Ints) -> tuple[float, ...]:
    """Slopes (none below zero, prior around 1) and an offset (prior around 0)."""
    design = np.column_stack([slopes, np.ones(len(label))])
    centre = np.append(np.ones(slopes.shape[1]), 0.0)
    spread = np.append(np.full(slopes.shape[1], SLOPE_SPREAD), OFFSET_SPREAD)

    def loss(values: Floats) -> tuple[float, Floats]:
        logit = design @ values
        pull = (values - centre) / spread
        lost = float(np.sum(softplus(logit) - label * logit) + 0.5 * np.sum(pull**2))
        event = 1.0 / (1.0 + np.exp(-np.clip(logit, -36.0, 36.0)))
        return lost, design.T @ (event - label) + pull / spread

    bounds = [(0.0, None)] * slopes.shape[1] + [(None, None)]
    found = minimize(loss, centre, jac=True, method="L-BFGS-B", bounds=bounds)
    return tuple(float(value) for value in found.x)


def _isotonic(margin: Floats, label: Ints) -> tuple[float, ...]:
    """Knots of a rising step function by pooling adjacent violators, joined by lines."""
    order = np.argsort(margin, kind="stable")
    blocks: list[tuple[float, float, float]] = []  # rows, events, sum of margins
    for value, event in zip(margin[order].tolist(), label[order].tolist(), strict=True):
        blocks.append((1.0, float(event), value))
        while len(blocks) > 1 and _pooled(blocks[-2], blocks[-1]):
            rows, events, total = blocks.pop()
            before = blocks.pop()
            blocks.append((before[0] + rows, before[1] + events, before[2] + total))
    knots = [total / rows for rows, _, total in blocks]
    logits = [float(np.log((e + 0.5) / (r - e + 0.5))) for r, e, _ in blocks]
    return (*knots, *np.maximum.accumulate(logits).tolist())


def _pooled(before: tuple[float, float, float], after: tuple[float, float, float]) -> bool:
    """Whether two neighbouring blocks must become one: too small, or not rising."""
    falling = before[1] / before[0] >= after[1] / after[0]
    return falling or before[0] < BLOCK_ROWS
