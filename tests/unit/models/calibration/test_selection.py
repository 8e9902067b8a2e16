"""Calibration: better than what came in, never worse than the class shares."""

from dataclasses import replace

import numpy as np
import pytest

from models.calibration.binary_fits import fit_binary
from models.calibration.calibrators import CalibrationMethod
from models.calibration.class_fits import ClassFitRows, fit_classes
from models.calibration.selection import (
    CalibrationRows,
    log_losses,
    select_binary_calibration,
    select_class_calibration,
)

BINARY = (
    CalibrationMethod.IDENTITY,
    CalibrationMethod.PLATT,
    CalibrationMethod.BETA,
    CalibrationMethod.ISOTONIC,
    CalibrationMethod.SHARES,
)
HALF = np.array([0.5, 0.5])


def binary_past(rows, *, confidence=1.0, seed=0, shift=0.0):
    random = np.random.default_rng(seed)
    logit = random.normal(size=rows) * 1.5 + shift
    label = (random.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.int64)
    return CalibrationRows(confidence * logit[:, None], label, np.arange(rows))


def class_past(rows, *, confidence, signal=1.0, seed=0):
    random = np.random.default_rng(seed)
    logits = np.log([0.8, 0.15, 0.04, 0.01]) + signal * random.normal(size=(rows, 4))
    odds = np.exp(logits)
    odds /= odds.sum(axis=1, keepdims=True)
    label = (random.random(rows)[:, None] > odds.cumsum(axis=1)).sum(axis=1).clip(0, 3)
    noise = random.normal(size=(rows, 4))
    return CalibrationRows(confidence * logits + noise * (confidence - 1), label, np.arange(rows))


SHARES = np.array([0.8, 0.15, 0.04, 0.01])


def mean_loss(calibration, past):
    return log_losses(calibration.probabilities(past.margins), past.label).mean()


@pytest.mark.parametrize("method", BINARY)
def test_a_higher_margin_never_gets_a_lower_probability(method):
    past = binary_past(4000, confidence=2.0)
    calibration = fit_binary(method, past.margins[:, 0], past.label, HALF)
    rising = calibration.probabilities(np.linspace(-50, 50, 5001)[:, None])[:, 1]
    assert (np.diff(rising) >= 0).all()
    assert rising[0] >= 1e-6 - 1e-12
    assert rising[-1] <= 1 - 1e-6 + 1e-12


def test_an_overconfident_binary_model_is_put_right():
    past, fresh = binary_past(3000, confidence=3.0), binary_past(3000, confidence=3.0, seed=1)
    chosen = select_binary_calibration(past, HALF, learnt=True)
    identity = fit_binary(CalibrationMethod.IDENTITY, past.margins[:, 0], past.label, HALF)
    assert mean_loss(chosen.calibration, fresh) < mean_loss(identity, fresh) - 0.1


def test_a_reversed_model_is_not_turned_round_but_flattened():
    past = binary_past(3000, confidence=-1.0)
    chosen = select_binary_calibration(past, HALF, learnt=True)
    steps = chosen.calibration.probabilities(np.array([[-3.0], [3.0]]))[:, 1]
    assert steps[1] - steps[0] == pytest.approx(0, abs=0.02)


def test_with_few_events_the_margins_stay_nearly_as_they_are():
    past = binary_past(40, seed=5, shift=-3.0)
    margins = np.linspace(-4, 4, 9)
    platt = fit_binary(CalibrationMethod.PLATT, past.margins[:, 0], past.label, HALF)
    assert np.abs(platt.logit(margins) - margins).max() < 2.0


def test_isotonic_competes_only_with_many_events():
    assert "isotonic" not in select_binary_calibration(binary_past(400), HALF, learnt=True).losses
    assert "isotonic" in select_binary_calibration(binary_past(2000), HALF, learnt=True).losses


def test_an_overconfident_model_of_classes_ends_better_than_the_shares():
    past = class_past(2000, confidence=4.0)
    fresh = class_past(4000, confidence=4.0, seed=1)
    chosen = select_class_calibration(past, SHARES, range(4), learnt=True)
    given = select_class_calibration(past, SHARES, range(4), learnt=False).calibration
    assert chosen.losses["identity"] > chosen.losses["shares"]  # as bad as it came in
    assert mean_loss(chosen.calibration, fresh) < mean_loss(given, fresh)


def test_margins_that_say_nothing_fall_back_to_the_shares():
    past, fresh = class_past(800, confidence=1.0), class_past(4000, confidence=1.0, seed=1)
    noise = np.random.default_rng(2).normal(size=(4800, 4)) * 3
    past, fresh = (
        CalibrationRows(noise[:800], past.label, past.group),
        CalibrationRows(noise[800:], fresh.label, fresh.group),
    )
    chosen = select_class_calibration(past, SHARES, range(4), learnt=True)
    shares = select_class_calibration(past, SHARES, range(4), learnt=False).calibration
    assert mean_loss(chosen.calibration, fresh) < mean_loss(shares, fresh) + 0.003


def test_margins_that_are_right_are_left_alone():
    chosen = select_class_calibration(
        class_past(3000, confidence=1.0), SHARES, range(4), learnt=True
    )
    assert chosen.losses[str(chosen.calibration.method)] <= chosen.losses["identity"] + 2e-4


def mistaken(rows, *, seed):
    """Four equal classes; the model often takes class 2 for class 3 and never says so."""
    random = np.random.default_rng(seed)
    label = random.integers(0, 4, rows)
    seen = np.where((label == 2) & (random.random(rows) < 0.6), 3, label)
    margins = random.normal(size=(rows, 4))
    margins[np.arange(rows), seen] += 3.0
    return CalibrationRows(margins, label, np.arange(rows))


def test_a_class_that_is_taken_for_another_is_put_right_by_mixing_alone():
    even = np.full(4, 0.25)
    past, fresh = mistaken(3000, seed=0), mistaken(20000, seed=1)
    chosen = select_class_calibration(past, even, range(4), learnt=True)
    without = select_class_calibration(
        past, even, range(4), learnt=True, among=(CalibrationMethod.VECTOR,)
    )
    assert chosen.calibration.method is CalibrationMethod.DIRICHLET
    assert mean_loss(chosen.calibration, fresh) < mean_loss(without.calibration, fresh) - 0.02


def test_mixing_leaves_margins_that_are_right_nearly_as_they_are():
    past, fresh = class_past(400, confidence=1.0), class_past(20000, confidence=1.0, seed=1)
    fit = ClassFitRows(past.margins, past.label, (0, 1, 2, 3), SHARES, SHARES)
    identity = fit_classes(CalibrationMethod.IDENTITY, fit)
    mixed = fit_classes(CalibrationMethod.DIRICHLET, fit)
    assert mean_loss(mixed, fresh) < mean_loss(identity, fresh) + 0.01


@pytest.mark.parametrize(
    "method", [CalibrationMethod.PLATT, CalibrationMethod.BETA, CalibrationMethod.ISOTONIC]
)
def test_the_error_of_a_calibrated_model_is_near_zero_where_the_truth_is_known(method):
    """Mean gap between what is said and the probability the labels were drawn from."""
    past = binary_past(20000, confidence=2.0)
    calibration = fit_binary(method, past.margins[:, 0], past.label, HALF)
    fresh = binary_past(20000, confidence=2.0, seed=1)
    truth = 1 / (1 + np.exp(-fresh.margins[:, 0] / 2.0))
    assert np.abs(calibration.probabilities(fresh.margins)[:, 1] - truth).mean() < 0.015


@pytest.mark.parametrize(
    "method", [CalibrationMethod.PLATT, CalibrationMethod.BETA, CalibrationMethod.ISOTONIC]
)
def test_a_row_that_counts_twice_is_as_two_rows(method):
    past = binary_past(400, confidence=2.0)
    twice = np.arange(400) % 2 == 0
    margins, label = past.margins[:, 0], past.label
    weighed = fit_binary(method, margins, label, HALF, np.where(twice, 2.0, 1.0))
    margins, label = np.append(margins, margins[twice]), np.append(label, label[twice])
    repeated = fit_binary(method, margins, label, HALF)
    grid = np.linspace(-5, 5, 41)[:, None]
    assert weighed.probabilities(grid) == pytest.approx(repeated.probabilities(grid), abs=0.02)


def test_classes_that_count_more_are_said_more_often():
    past = class_past(2000, confidence=1.0)
    heavy = replace(past, weight=np.where(past.label == 3, 5.0, 0.96))
    said = [
        select_class_calibration(rows, SHARES, range(4), learnt=True).calibration.probabilities(
            past.margins
        )
        for rows in (past, heavy)
    ]
    assert said[1][:, 3].mean() > 2.5 * said[0][:, 3].mean()


def test_no_calibration_rows_leave_the_margins_as_they_are():
    nothing = CalibrationRows(
        np.empty((0, 1)), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    )
    assert (
        select_binary_calibration(nothing, HALF, learnt=True).calibration.method
        is CalibrationMethod.IDENTITY
    )
