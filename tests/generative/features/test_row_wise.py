"""A case's features are its own: no neighbour changes them by a bit."""

from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.inputs import inputs
from features.request import invoice_mismatch, stock_risk, supplier_delay
from tests.generative.features import made_up


@pytest.mark.parametrize("task", [stock_risk, invoice_mismatch, supplier_delay])
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_case_alone_has_the_features_it_has_among_others(task: ModuleType, seed: int) -> None:
    cases = made_up.cases(np.random.default_rng(seed), task.SHAPE, task.STREAMS, 12)
    together = inputs(task.FEATURES, cases)
    for at in range(len(cases)):
        alone = inputs(task.FEATURES, made_up.alone(cases, at))
        pd.testing.assert_frame_equal(
            alone, together.iloc[[at]].reset_index(drop=True), check_exact=True
        )
