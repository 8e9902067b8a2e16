"""Fit calibrators of a model of three or more classes: scaling, mixing with shares, Dirichlet.

Kull and others 2019, "Beyond temperature scaling". Their penalty on off-diagonal weights and
on the intercept (ODIR) is a Gaussian prior here, around "leave the margins as they are": a
class may learn that it is often taken for another one, if the rows insist.

The margins are read as evidence beyond the class shares: a slope of 0 gives the shares, a
slope of 1 leaves the margins as they are. An overconfident model ends in between.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from models.calibration.calibrators import CalibrationMethod, ClassCalibration

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OWN_WEIGHT_PRIOR_DEVIATION = 0.5  # prior standard deviation of a class's weight on itself, around 1
OTHER_WEIGHT_PRIOR_DEVIATION = 0.1  # of its weight on another class, around 0
DIRICHLET_OFFSET_PRIOR_DEVIATION = 0.3  # and of its offset, around 0
MOST_ITERATIONS = 100
LOSS_TOLERANCE = 1e-7  # of the loss; what is left is far below what the rows can tell


@dataclass(frozen=True)
class DirichletRows:
    """n rows of M classes, as log-probabilities beyond those of the class shares.

    Attributes:
        truth: (n,) positions among the M classes.
        mass: (n,) weights.
        now: (M,) log shares.
    """

    beyond: Floats
    truth: Ints
    mass: Floats
    now: Floats


def fit_dirichlet_weights(evidence: DirichletRows) -> tuple[Floats, Floats]:
    """(M, M) weights and (M,) offsets of the logits: now + weights @ beyond + offsets."""
    count = len(evidence.now)
    centre = np.column_stack([np.eye(count), np.zeros(count)])
    spread = np.full((count, count + 1), OTHER_WEIGHT_PRIOR_DEVIATION)
    np.fill_diagonal(spread, OWN_WEIGHT_PRIOR_DEVIATION)
    spread[:, -1] = DIRICHLET_OFFSET_PRIOR_DEVIATION
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
        options={"maxiter": MOST_ITERATIONS, "ftol": LOSS_TOLERANCE},
    ).x.reshape(centre.shape)
    return found[:, :-1], found[:, -1]


def with_dirichlet_mixing(
    flat: ClassCalibration, evidence: DirichletRows, then: Floats
) -> ClassCalibration:
    """Return the calibration with Dirichlet mixing fitted to the rows.

    Args:
        flat: calibration without mixing.
        evidence: rows to fit on.
        then: (M,) log shares that the log-probabilities of the rows are measured against.
    """
    mixing, offsets = fit_dirichlet_weights(evidence)
    return replace(
        flat,
        slope=1.0,
        offsets=tuple((evidence.now - mixing @ then + offsets).tolist()),
        weight=0.0,
        mixing=tuple(tuple(row) for row in mixing.tolist()),
    )


SLOPE_PRIOR_DEVIATION = 1.0
OFFSET_PRIOR_DEVIATION = 0.3
MIXING_WEIGHTS = np.linspace(0.0, 0.9, 10)


@dataclass(frozen=True)
class ClassFitRows:
    """Rows to fit on.

    Attributes:
        margins: (n, M) margins of the classes in `present`.
        shares, trained: (K,) class shares.
        weight: (n,) weight of each row, about 1 on average; None is 1 throughout.
    """

    margins: Floats
    label: Ints
    present: tuple[int, ...]
    shares: Floats
    trained: Floats
    weight: Floats | None = None

    @property
    def mass(self) -> Floats:
        """Weight of each row, (n,)."""
        return np.ones(len(self.label)) if self.weight is None else self.weight


def fit_classes(method: CalibrationMethod, fit: ClassFitRows) -> ClassCalibration:
    """Fit the calibration of a method, with its best mixing weight."""
    flat = ClassCalibration(
        method,
        fit.present,
        tuple(fit.shares.tolist()),
        slope=1.0,
        offsets=(0.0,) * len(fit.present),
        weight=1.0,
    )
    match method:
        case CalibrationMethod.SHARES:
            return flat
        case CalibrationMethod.IDENTITY:
            return replace(flat, weight=0.0)
        case CalibrationMethod.TEMPERATURE:
            return _mix_with_shares(_fit_scaling(flat, fit, free_offsets=False), fit)
        case CalibrationMethod.VECTOR:
            return _mix_with_shares(_fit_scaling(flat, fit, free_offsets=True), fit)
        case CalibrationMethod.DIRICHLET:
            return _mix_with_shares(_fit_dirichlet(flat, fit), fit)
        case CalibrationMethod.PLATT | CalibrationMethod.BETA | CalibrationMethod.ISOTONIC:
            raise ValueError(f"{method} calibrates two classes, this has {len(fit.shares)}")
        case _:
            assert_never(method)


def _fit_dirichlet(flat: ClassCalibration, fit: ClassFitRows) -> ClassCalibration:
    at, known, truth = _rows_with_margin(fit)
    then = np.log(np.maximum(fit.trained[at], 1e-12))
    margins = fit.margins[known]
    said = margins - logsumexp(margins, axis=1, keepdims=True)
    now = np.log(fit.shares[at])
    return with_dirichlet_mixing(
        flat, DirichletRows(said - then, truth, fit.mass[known], now), then
    )


def _rows_with_margin(fit: ClassFitRows) -> tuple[Ints, NDArray[np.bool_], Ints]:
    """Return the classes with a margin, the rows that ended in one, and which of them each did."""
    at = np.array(fit.present)
    places = {k: m for m, k in enumerate(fit.present)}
    known = np.isin(fit.label, at)
    truth = np.array([places[k] for k in fit.label[known].tolist()], dtype=np.int64)
    return at, known, truth


def _fit_scaling(
    flat: ClassCalibration, fit: ClassFitRows, *, free_offsets: bool
) -> ClassCalibration:
    """Fit a slope, and offsets of the classes from what the class shares alone predict."""
    at, known, truth = _rows_with_margin(fit)
    now, then = np.log(fit.shares[at]), np.log(np.maximum(fit.trained[at], 1e-12))
    evidence, mass = fit.margins[known] - then, fit.mass[known]
    rows = np.arange(len(truth))

    def loss(values: Floats) -> tuple[float, Floats]:
        logits = now + values[0] * evidence + values[1:]
        logits = logits - logits.max(axis=1, keepdims=True)
        odds = np.exp(logits)
        total = odds.sum(axis=1)
        pull = np.append(
            (values[0] - 1.0) / SLOPE_PRIOR_DEVIATION, values[1:] / OFFSET_PRIOR_DEVIATION
        )
        lost = float(mass @ (np.log(total) - logits[rows, truth]) + 0.5 * np.sum(pull**2))
        gap = odds / total[:, None]
        gap[rows, truth] -= 1.0
        gap *= mass[:, None]
        slope = float(np.sum(gap * evidence)) + pull[0] / SLOPE_PRIOR_DEVIATION
        return lost, np.append(slope, gap.sum(axis=0) + pull[1:] / OFFSET_PRIOR_DEVIATION)

    open_ended = (None, None) if free_offsets else (0.0, 0.0)
    bounds = [(0.0, None), *[open_ended] * len(at)]
    start = np.append(1.0, np.zeros(len(at)))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    offsets = now - found.x[0] * then + found.x[1:]
    return replace(flat, slope=float(found.x[0]), offsets=tuple(offsets.tolist()), weight=0.0)


def _mix_with_shares(calibration: ClassCalibration, fit: ClassFitRows) -> ClassCalibration:
    """Mix the calibration with the class shares at the weight of least log-loss."""
    own = calibration.probabilities(fit.margins)[np.arange(len(fit.label)), fit.label]
    share = fit.shares[fit.label]
    losses = [-np.mean(fit.mass * np.log((1 - w) * own + w * share)) for w in MIXING_WEIGHTS]
    return replace(calibration, weight=float(MIXING_WEIGHTS[int(np.argmin(losses))]))
