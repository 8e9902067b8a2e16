"""Dirichlet calibration: every class's logit hears the probability of every class.

Kull and others 2019, "Beyond temperature scaling". Their penalty on off-diagonal weights and
on the intercept (ODIR) is a Gaussian prior here, around "leave the margins as they are": a
class may learn that it is often taken for another one, if the rows insist.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from models.calibration import ClassCalibration

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OWN_SPREAD = 0.5  # prior standard deviation of a class's weight on itself, around 1
OTHER_SPREAD = 0.1  # of its weight on another class, around 0
OFFSET_SPREAD = 0.3  # and of its offset, around 0
ROUNDS = 100
ENOUGH = 1e-7  # of the loss; what is left is far below what the rows can tell


@dataclass(frozen=True)
class Evidence:
    """n rows of M classes, as log-probabilities beyond those of the class shares.

    truth: (n,) places among the M classes. mass: (n,). now: (M,) log shares.
    """

    beyond: Floats
    truth: Ints
    mass: Floats
    now: Floats


def fit_mixing(evidence: Evidence) -> tuple[Floats, Floats]:
    """(M, M) weights and (M,) offsets of the logits: now + weights @ beyond + offsets."""
    count = len(evidence.now)
    centre = np.column_stack([np.eye(count), np.zeros(count)])
    spread = np.full((count, count + 1), OTHER_SPREAD)
    np.fill_diagonal(spread, OWN_SPREAD)
    spread[:, -1] = OFFSET_SPREAD
    design = np.vstack([evidence.beyond.T, np.ones(len(evidence.truth))])
    rows = np.arange(len(evidence.truth))

    def loss(flat: Floats) -> tuple[float, Floats]:
        values = flat.reshape(centre.shape)
        logits = values @ design + evidence.now[:, None]
        logits -= logits.max(axis=0)
        odds = np.exp(logits)
        total = odds.sum(axis=0)
        pull = (values - centre) / spread
        lost = evidence.mass @ (np.log(total) - logits[evidence.truth, rows])
        gap = odds / total
        gap[evidence.truth, rows] -= 1.0
        slopes = (gap * evidence.mass) @ design.T + pull / spread
        return float(lost + 0.5 * np.sum(pull**2)), slopes.ravel()

    floor = np.full(centre.shape, -np.inf)
    np.fill_diagonal(floor, 0.0)  # no class is turned against itself
    bounds = [(low, None) for low in floor.ravel().tolist()]
    found = minimize(
        loss,
        centre.ravel(),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": ROUNDS, "ftol": ENOUGH},
    ).x.reshape(centre.shape)
    return found[:, :-1], found[:, -1]


def with_mixing(flat: ClassCalibration, evidence: Evidence, then: Floats) -> ClassCalibration:
    """The calibration that mixes; then: (M,) log shares that the evidence is beyond."""
    mixing, offsets = fit_mixing(evidence)
    return replace(
        flat,
        slope=1.0,
        offsets=tuple((evidence.now - mixing @ then + offsets).tolist()),
        weight=0.0,
        mixing=tuple(tuple(row) for row in mixing.tolist()),
    )
