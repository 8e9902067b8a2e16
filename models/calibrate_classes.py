"""Fits of the calibrations of a model of three or more classes.

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

from models.calibrate_dirichlet import Evidence, with_mixing
from models.calibration import ClassCalibration, Method

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SLOPE_SPREAD = 1.0
OFFSET_SPREAD = 0.3
WEIGHTS = np.linspace(0.0, 0.9, 10)


@dataclass(frozen=True)
class ClassFit:
    """What is fitted on. margins (n, M) of the classes in `present`; shares, trained (K,).

    weight: (n,) what each row counts for, about 1 on average; None is 1 throughout.
    """

    margins: Floats
    label: Ints
    present: tuple[int, ...]
    shares: Floats
    trained: Floats
    weight: Floats | None = None

    @property
    def mass(self) -> Floats:
        """(n,) what each row counts for."""
        return np.ones(len(self.label)) if self.weight is None else self.weight


def fit_classes(method: Method, fit: ClassFit) -> ClassCalibration:
    """The calibration of that method, with the mixing weight that suits it best."""
    flat = ClassCalibration(
        method,
        fit.present,
        tuple(fit.shares.tolist()),
        slope=1.0,
        offsets=(0.0,) * len(fit.present),
        weight=1.0,
    )
    match method:
        case Method.SHARES:
            return flat
        case Method.IDENTITY:
            return replace(flat, weight=0.0)
        case Method.TEMPERATURE:
            return _mixed(_scaled(flat, fit, free_offsets=False), fit)
        case Method.VECTOR:
            return _mixed(_scaled(flat, fit, free_offsets=True), fit)
        case Method.DIRICHLET:
            return _mixed(_dirichlet(flat, fit), fit)
        case Method.PLATT | Method.BETA | Method.ISOTONIC:
            raise ValueError(f"{method} calibrates two classes, this has {len(fit.shares)}")
        case _:
            assert_never(method)


def _dirichlet(flat: ClassCalibration, fit: ClassFit) -> ClassCalibration:
    at, known, truth = _known(fit)
    then = np.log(np.maximum(fit.trained[at], 1e-12))
    margins = fit.margins[known]
    said = margins - logsumexp(margins, axis=1, keepdims=True)
    now = np.log(fit.shares[at])
    return with_mixing(flat, Evidence(said - then, truth, fit.mass[known], now), then)


def _known(fit: ClassFit) -> tuple[Ints, NDArray[np.bool_], Ints]:
    """Classes with a margin, rows that ended in one, and the place of each one's end."""
    at = np.array(fit.present)
    places = {k: m for m, k in enumerate(fit.present)}
    known = np.isin(fit.label, at)
    truth = np.array([places[k] for k in fit.label[known].tolist()], dtype=np.int64)
    return at, known, truth


def _scaled(flat: ClassCalibration, fit: ClassFit, *, free_offsets: bool) -> ClassCalibration:
    """Slope, and offsets of the classes around what shares alone would say."""
    at, known, truth = _known(fit)
    now, then = np.log(fit.shares[at]), np.log(np.maximum(fit.trained[at], 1e-12))
    evidence, mass = fit.margins[known] - then, fit.mass[known]
    rows = np.arange(len(truth))

    def loss(values: Floats) -> tuple[float, Floats]:
        logits = now + values[0] * evidence + values[1:]
        logits = logits - logits.max(axis=1, keepdims=True)
        odds = np.exp(logits)
        total = odds.sum(axis=1)
        pull = np.append((values[0] - 1.0) / SLOPE_SPREAD, values[1:] / OFFSET_SPREAD)
        lost = float(mass @ (np.log(total) - logits[rows, truth]) + 0.5 * np.sum(pull**2))
        gap = odds / total[:, None]
        gap[rows, truth] -= 1.0
        gap *= mass[:, None]
        slope = float(np.sum(gap * evidence)) + pull[0] / SLOPE_SPREAD
        return lost, np.append(slope, gap.sum(axis=0) + pull[1:] / OFFSET_SPREAD)

    open_ended = (None, None) if free_offsets else (0.0, 0.0)
    bounds = [(0.0, None), *[open_ended] * len(at)]
    start = np.append(1.0, np.zeros(len(at)))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    offsets = now - found.x[0] * then + found.x[1:]
    return replace(flat, slope=float(found.x[0]), offsets=tuple(offsets.tolist()), weight=0.0)


def _mixed(calibration: ClassCalibration, fit: ClassFit) -> ClassCalibration:
    """Mixed with the class shares by the weight of least log-loss."""
    own = calibration.probabilities(fit.margins)[np.arange(len(fit.label)), fit.label]
    share = fit.shares[fit.label]
    losses = [-np.mean(fit.mass * np.log((1 - w) * own + w * share)) for w in WEIGHTS]
    return replace(calibration, weight=float(WEIGHTS[int(np.argmin(losses))]))
