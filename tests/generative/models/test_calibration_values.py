"""Calibrations of any numbers give probabilities on the grid."""

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.calibration.binary_fits import fit_binary
from models.calibration.calibrators import (
    PROBABILITY_GRID,
    CalibrationMethod,
    ClassCalibration,
    calibration_from_json,
)
from models.calibration.class_fits import ClassFitRows, fit_classes
from models.calibration.selection import smoothed_shares

MARGINS = arrays(np.float64, st.tuples(st.integers(1, 40), st.just(3)), elements=st.floats(-60, 60))


@settings(max_examples=60, deadline=None)
@given(
    margins=MARGINS,
    slope=st.floats(0, 5),
    weight=st.floats(0, 1),
    offsets=st.tuples(*[st.floats(-9, 9)] * 3),
)
def test_classes_sum_to_one_exactly_and_stay_on_the_grid(margins, slope, weight, offsets):
    shares = smoothed_shares(np.array([0, 0, 1, 3]), np.array([0.5, 0.3, 0.0, 0.2]))
    calibration = ClassCalibration(
        CalibrationMethod.VECTOR, (0, 1, 3), tuple(shares.tolist()), slope, offsets, weight
    )
    probability = calibration.probabilities(margins)
    assert (probability.sum(axis=1) == 1).all()
    assert (probability >= 1e-7).all()
    assert (probability * PROBABILITY_GRID == np.rint(probability * PROBABILITY_GRID)).all()
    again = calibration_from_json(calibration.as_json())
    assert again == calibration


@settings(max_examples=40, deadline=None)
@given(margins=MARGINS, seed=st.integers(0, 99))
def test_any_margins_and_labels_can_be_calibrated(margins, seed):
    label = np.random.default_rng(seed).integers(0, 4, len(margins))
    trained = np.array([0.5, 0.3, 0.0, 0.2])
    shares = smoothed_shares(label, trained)
    for method in (
        CalibrationMethod.TEMPERATURE,
        CalibrationMethod.VECTOR,
        CalibrationMethod.DIRICHLET,
    ):
        calibration = fit_classes(method, ClassFitRows(margins, label, (0, 1, 3), shares, trained))
        probability = calibration.probabilities(margins)
        assert np.isfinite(probability).all()
        assert (probability.sum(axis=1) == 1).all()
        assert calibration.slope >= 0
        assert all(calibration.mixing[m][m] >= 0 for m in range(len(calibration.mixing)))


NUMBERS = st.floats(-4, 4)


@settings(max_examples=60, deadline=None)
@given(
    margins=MARGINS,
    mixing=st.tuples(*[st.tuples(*[NUMBERS] * 3)] * 3),
    offsets=st.tuples(*[NUMBERS] * 3),
)
def test_mixed_classes_survive_json_to_the_last_bit_row_by_row(margins, mixing, offsets):
    shares = tuple(smoothed_shares(np.array([0, 1, 3]), np.array([0.5, 0.3, 0.0, 0.2])).tolist())
    calibration = ClassCalibration(
        CalibrationMethod.DIRICHLET, (0, 1, 3), shares, 1.0, offsets, 0.0, mixing=mixing
    )
    again = calibration_from_json(json.loads(json.dumps(calibration.as_json())))
    assert again == calibration
    probability = calibration.probabilities(margins)
    assert (probability.sum(axis=1) == 1).all()
    assert (probability * PROBABILITY_GRID == np.rint(probability * PROBABILITY_GRID)).all()
    for row in range(len(margins)):
        alone = again.probabilities(margins[row : row + 1])
        assert (alone[0] == probability[row]).all()


@settings(max_examples=40, deadline=None)
@given(
    margins=arrays(np.float64, st.integers(2, 60), elements=st.floats(-40, 40)),
    seed=st.integers(0, 99),
)
def test_binary_calibration_keeps_the_order_of_margins_and_survives_json(margins, seed):
    label = np.random.default_rng(seed).integers(0, 2, len(margins))
    rising = np.sort(margins)[:, None]
    for method in (
        CalibrationMethod.PLATT,
        CalibrationMethod.BETA,
        CalibrationMethod.ISOTONIC,
        CalibrationMethod.IDENTITY,
    ):
        calibration = fit_binary(method, margins, label, np.array([0.5, 0.5]))
        probability = calibration.probabilities(rising)
        assert (np.diff(probability[:, 1]) >= 0).all()
        assert (probability.sum(axis=1) == 1).all()
        again = calibration_from_json(json.loads(json.dumps(calibration.as_json())))
        assert (again.probabilities(rising) == probability).all()
        assert (again.probabilities(rising[:1]) == probability[:1]).all()
