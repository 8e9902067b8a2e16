import pytest

from models.fitting.fit import fit
from tests.support.synthetic_task import draw_training_set, make_task

QUANTILES = (0.1, 0.5, 0.9)


@pytest.fixture(scope="session")
def binary():
    """A fitted binary model that also predicts quantiles, and what it was fitted on."""
    training = draw_training_set(3000).training
    return fit(make_task(quantiles=QUANTILES), training), training


@pytest.fixture(scope="session")
def classes():
    """A fitted model of four classes, and what it was fitted on."""
    training = draw_training_set(3000, 4).training
    return fit(make_task(4), training), training


@pytest.fixture(params=["binary", "classes"])
def either(request):
    """Each of the two in turn."""
    return request.getfixturevalue(request.param)
