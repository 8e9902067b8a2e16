"""Calibrations of any numbers give probabilities on the grid."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.calibrate import smoothed_shares
from models.calibrate_classes import ClassFit, fit_classes
from models.calibration import GRID, ClassCalibration, Method, calibration_from_json

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
        Method.VECTOR, (0, 1, 3), tuple(shares.tolist()), slope, offsets, weight
    )
    probability = calibration.probabilities(margins)
    assert (probability.sum(axis=1) == 1).all()
    assert (probability >= 1e-7).all()
    assert (probability * GRID == np.rint(probability * GRID)).all()
    again = calibration_from_json(calibration.as_json())
    assert again == calibration


@settings(max_examples=40, deadline=None)
@given(margins=MARGINS, seed=st.integers(0, 99))
def test_any_margins_and_labels_can_be_calibrated(margins, seed):
    label = np.random.default_rng(seed).integers(0, 4, len(margins))
    trained = np.array([0.5, 0.3, 0.0, 0.2])
    shares = smoothed_shares(label, trained)
    for method in (Method.TEMPERATURE, Method.VECTOR):
        calibration = fit_classes(method, ClassFit(margins, label, (0, 1, 3), shares, trained))
        assert np.isfinite(calibration.probabilities(margins)).all()
        assert calibration.slope >= 0
