"""Bins by which later values can be compared with those of training."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.reference.distributions import SCORE_BINS, bin_counts, equal_mass_bins

FLOATS = st.floats(allow_infinity=False, width=32)


def test_values_without_ties_fall_into_bins_of_equal_mass():
    found = equal_mass_bins(np.random.default_rng(0).normal(size=2000))
    assert found["shares"] == pytest.approx([0.05] * SCORE_BINS)


def test_a_value_that_many_share_has_a_bin_to_itself():
    values = np.concatenate([np.linspace(-2, -1, 100), np.zeros(700), np.linspace(1, 2, 200)])
    found = equal_mass_bins(values)
    places = bin_counts(found["tops"], np.array([-1.0, 0.0, 1.0]))
    assert places.max() == 1
    zero = bin_counts(found["tops"], np.array([0.0])).argmax()
    assert found["shares"][zero] == 0.7


def test_missing_values_are_in_no_bin():
    found = equal_mass_bins(np.array([1.0, np.nan, 2.0, 3.0]))
    assert sum(found["shares"]) == pytest.approx(1)
    assert bin_counts(found["tops"], np.array([np.nan, np.inf, 2.5])).sum() == 1
    assert equal_mass_bins(np.array([np.nan])) == {"tops": [], "shares": []}


def test_values_of_a_constant_are_one_bin_and_later_ones_beside_it_are_seen():
    found = equal_mass_bins(np.zeros(50))
    assert found["shares"] == [1.0]
    assert len(found["tops"]) == 0


@settings(max_examples=100, deadline=None)
@given(values=st.lists(FLOATS, max_size=60))
def test_shares_are_those_of_the_values_and_survive_json(values):
    values = np.array(values, dtype=np.float64)
    found = json.loads(json.dumps(equal_mass_bins(values)))
    seen = int(np.isfinite(values).sum())
    assert found["tops"] == sorted(set(found["tops"]))
    if seen:
        again = bin_counts(found["tops"], values)
        assert (again / seen).tolist() == found["shares"]
        assert again.min() > 0


def test_a_fitted_model_keeps_bins_of_its_inputs_and_scores(binary):
    fitted, training = binary
    kept = fitted.model.reference
    told = kept["inputs"]["late_share"]
    assert set(told) == {"missing", "deciles", "bins"}
    late = training.inputs["late_share"].to_numpy()
    assert len(told["bins"]["shares"]) == SCORE_BINS
    assert told["missing"] == pytest.approx(np.isnan(late).mean(), abs=0.02)
    assert kept["score_bins"]["tops"][0] >= kept["score"][0]
    assert 0 < kept["score_mean"] < 1
    assert kept["unseen_rows"] == 0
