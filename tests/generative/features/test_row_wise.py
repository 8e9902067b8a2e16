"""A case's features are its own: no neighbour changes them by a bit."""

from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.feature import feature_frame
from features.tasks.invoice_mismatch import feature_set as invoice_mismatch_feature_set
from features.tasks.stock_risk import feature_set as stock_risk_feature_set
from features.tasks.supplier_delay import feature_set as supplier_delay_feature_set
from tests.generative.features import synthetic_cases


@pytest.mark.parametrize(
    "task", [stock_risk_feature_set, invoice_mismatch_feature_set, supplier_delay_feature_set]
)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_case_alone_has_the_features_it_has_among_others(task: ModuleType, seed: int) -> None:
    cases = synthetic_cases.cases(np.random.default_rng(seed), task.SHAPE, task.STREAMS, 12)
    together = feature_frame(task.FEATURES, cases)
    for at in range(len(cases)):
        alone = feature_frame(task.FEATURES, synthetic_cases.alone(cases, at))
        pd.testing.assert_frame_equal(
            alone, together.iloc[[at]].reset_index(drop=True), check_exact=True
        )
