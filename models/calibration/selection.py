"""Select a calibration method by cross-fitted log-loss on the calibration fold.

All fits are logistic regressions with a Gaussian prior around "leave the margins as they
are". With few events the prior decides, with many the data does, and nobody sets a switch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from models.calibration.binary_fits import fit_binary
from models.calibration.calibrators import (
    PROBABILITY_FLOOR,
    BinaryCalibration,
    Calibration,
    CalibrationMethod,
)
from models.calibration.class_fits import ClassFitRows, fit_classes
from models.folds import seeded_hash

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CROSS_FIT_PARTS = 5
FEWEST_ISOTONIC_EVENTS = 300  # events and non-events that isotonic regression needs
LEAST_IMPROVEMENT = 2e-4  # nats a row by which a more flexible method must be better
PRIOR_SHARE_ROWS = 20.0  # rows that the training rows' class shares count for


@dataclass(frozen=True)
class CalibrationRows:
    """Calibration rows: margins (n, M), labels (n,), groups (n,).

    weight: (n,) what each row counts for, about 1 on average; None is 1 throughout.
    """

    margins: Floats
    label: Ints
    group: NDArray[Any]
    weight: Floats | None = None

    @property
    def mass(self) -> Floats:
        """Weight of each row, (n,)."""
        return np.ones(len(self.label)) if self.weight is None else self.weight

    def take(self, keep: NDArray[np.bool_]) -> CalibrationRows:
        """Return the rows at these positions."""
        weight = None if self.weight is None else self.weight[keep]
        return CalibrationRows(self.margins[keep], self.label[keep], self.group[keep], weight)


@dataclass(frozen=True)
class SelectedCalibration:
    """The calibration, and the held-out log-loss of every candidate (empty if untried)."""

    calibration: Calibration
    losses: Mapping[str, float]


def select_binary_calibration(
    past: CalibrationRows,
    trained_shares: Floats,
    *,
    learnt: bool,
    among: Sequence[CalibrationMethod] = (),
) -> SelectedCalibration:
    """Select the best calibration of a binary model.

    Args:
        past: calibration rows.
        trained_shares: (2,) class shares of the rows the trees saw.
        learnt: whether there are trees at all; without them only the shares can be used.
        among: methods that may be chosen; empty means all that apply.
    """

    def fitted(rows: CalibrationRows, method: CalibrationMethod) -> BinaryCalibration:
        shares = smoothed_shares(rows.label, trained_shares, rows.weight)
        return fit_binary(method, rows.margins[:, 0], rows.label, shares, rows.weight)

    methods = [CalibrationMethod.SHARES]
    if learnt:
        methods += [CalibrationMethod.IDENTITY, CalibrationMethod.PLATT, CalibrationMethod.BETA]
        events = int(past.label.sum())
        if min(events, len(past.label) - events) >= FEWEST_ISOTONIC_EVENTS:
            methods.append(CalibrationMethod.ISOTONIC)
    return _select(past, _applicable_methods(methods, among), fitted)


def select_class_calibration(
    past: CalibrationRows,
    trained_shares: Floats,
    present: Sequence[int],
    *,
    learnt: bool,
    among: Sequence[CalibrationMethod] = (),
) -> SelectedCalibration:
    """Select the best calibration of a model of three or more classes.

    Args:
        past: calibration rows.
        trained_shares: (K,) class shares of the rows the trees saw.
        present: classes with a margin.
        learnt: whether there are trees at all; without them only the shares can be used.
        among: methods that may be chosen; empty means all that apply.
    """

    def fitted(rows: CalibrationRows, method: CalibrationMethod) -> Calibration:
        shares = smoothed_shares(rows.label, trained_shares, rows.weight)
        margins, label, weight = rows.margins, rows.label, rows.weight
        fit = ClassFitRows(margins, label, tuple(present), shares, trained_shares, weight)
        return fit_classes(method, fit)

    methods = [CalibrationMethod.SHARES]
    if learnt:
        methods += [
            CalibrationMethod.IDENTITY,
            CalibrationMethod.TEMPERATURE,
            CalibrationMethod.VECTOR,
            CalibrationMethod.DIRICHLET,
        ]
    return _select(past, _applicable_methods(methods, among), fitted)


def _applicable_methods(
    methods: list[CalibrationMethod], among: Sequence[CalibrationMethod]
) -> list[CalibrationMethod]:
    """Return the applicable methods that the options allow, or all where they allow no one."""
    return [method for method in methods if not among or method in among] or methods


def _select(
    past: CalibrationRows,
    methods: Sequence[CalibrationMethod],
    fitted: Callable[[CalibrationRows, CalibrationMethod], Calibration],
) -> SelectedCalibration:
    """Fit on all rows the first method that no later one beats by `LEAST_IMPROVEMENT`.

    One thread for linear algebra: these are small sums, and a busy core makes others wait.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        return _held_out_losses(past, methods, fitted)


def _held_out_losses(
    past: CalibrationRows,
    methods: Sequence[CalibrationMethod],
    fitted: Callable[[CalibrationRows, CalibrationMethod], Calibration],
) -> SelectedCalibration:
    part = _cross_fit_parts(past.group)
    if len(methods) == 1 or part.max(initial=0) < 1:
        return SelectedCalibration(fitted(past, methods[-1 if len(methods) == 1 else 1]), {})
    losses = {}
    for method in methods:
        lost = np.zeros(len(past.label))
        for p in range(int(part.max()) + 1):
            calibration = fitted(past.take(part != p), method)
            lost[part == p] = log_losses(
                calibration.probabilities(past.margins[part == p]), past.label[part == p]
            )
        losses[str(method)] = float(np.mean(past.mass * lost))
    least = min(losses.values())
    best = next(method for method in methods if losses[method] <= least + LEAST_IMPROVEMENT)
    return SelectedCalibration(fitted(past, best), losses)


def _cross_fit_parts(group: NDArray[Any]) -> Ints:
    """Deal whole groups into `CROSS_FIT_PARTS` parts in hash order.

    All rows are later than those the trees learnt from. Stretches of time, each tried after
    those before it, leave fewer rows to learn from and chose worse on simulated asks.
    """
    names, member = np.unique(group.astype(str), return_inverse=True)
    order = sorted(range(len(names)), key=lambda i: seeded_hash(str(names[i]), CROSS_FIT_PARTS))
    dealt = np.empty(len(names), dtype=np.int64)
    dealt[order] = np.arange(len(names)) % CROSS_FIT_PARTS
    return dealt[member]


def smoothed_shares(label: Ints, trained: Floats, weight: Floats | None = None) -> Floats:
    """Return (K,) class shares of the latest rows, shrunk to those of training, all above zero."""
    counts = np.bincount(label, weight, minlength=len(trained)) + PRIOR_SHARE_ROWS * trained
    shares = np.maximum(counts / counts.sum(), PROBABILITY_FLOOR)
    return np.asarray(shares / shares.sum())


def log_losses(probability: Floats, label: Ints) -> Floats:
    """Return (n,) minus the log of the probability of the true class."""
    return np.asarray(-np.log(probability[np.arange(len(label)), label]))
