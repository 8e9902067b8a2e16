"""Whatever the case, the parts add up and the numbers are probabilities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.calibration.calibrators import CalibrationMethod
from models.fitting.fit import fit
from models.fitting.preparation import FitOptions
from tests.support.synthetic_task import draw_training_set, make_task

NUMBERS = st.one_of(
    st.just(float("nan")), st.floats(-1e300, 1e300), st.floats(-4, 4), st.just(-0.0)
)
REGIONS = st.one_of(st.none(), st.sampled_from(["north", "south"]), st.text(max_size=5))


MIXED = FitOptions(calibrations=(CalibrationMethod.DIRICHLET,))


@pytest.fixture(
    scope="module", params=[(2, FitOptions()), (3, FitOptions()), (8, FitOptions()), (8, MIXED)]
)
def model(request):
    classes, options = request.param
    return fit(make_task(classes), draw_training_set(1500, classes).training, options).model


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, REGIONS), min_size=1, max_size=8),
    k=st.one_of(st.none(), st.integers(0, 5)),
)
def test_base_plus_parts_is_the_score_and_a_row_does_not_know_its_neighbours(model, rows, k):
    cover, late, noise, region = zip(*rows, strict=True)
    inputs = {
        "cover": np.array(cover),
        "late_share": np.array(late),
        "noise": np.array(noise),
        "region": np.array([*region, None], dtype=object)[:-1],
    }
    answer = model.predict(inputs)
    assert (answer.probability.sum(axis=1) == 1).all()
    assert ((answer.probability > 0) & (answer.probability < 1)).all()
    share = answer.similar_hits / answer.similar
    assert ((answer.low <= share) & (share <= answer.high)).all()
    for row, explanation in enumerate(model.explain(inputs, k)):
        assert (
            explanation.base + sum(p.contribution for p in explanation.parts) == explanation.score
        )
        assert explanation.score == answer.score[row]
        alone = model.predict({name: column[row : row + 1] for name, column in inputs.items()})
        assert (alone.probability[0] == answer.probability[row]).all()
