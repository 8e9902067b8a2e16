"""Random variation stays within the bounds that the monitor states."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from training.evaluation.statistics import (
    adjust_holm,
    binomial_lower_p_value,
    calibration_error_test,
    fisher_exact_p_values,
    poisson_binomial_p_value,
    poisson_binomial_pmf,
    population_stability_index,
    psi_null_bound,
    wilson_interval_95,
)
from training.monitor.distributions import CategoricalDistribution, NumericDistribution
from training.monitor.drift import shift_p_value


def normal(rows=4000, usual=0.0):
    at = np.linspace(-3, 3, 13)
    seen = np.random.default_rng(0).normal(size=200_000)
    up_to = np.searchsorted(np.sort(seen), at, side="right") / len(seen)
    return NumericDistribution(rows, 0.0, usual, 0.0, at, up_to)


@pytest.mark.parametrize("rows", [20, 60, 300])
def test_a_gap_of_numbers_is_called_unlikely_no_more_often_than_stated(rows):
    random, shape = np.random.default_rng(rows), normal()
    drawn = (random.normal(size=rows) for _ in range(400))
    chances = [shift_p_value(shape, shape.gap(values, rows), rows) for values in drawn]
    assert np.mean(np.array(chances) <= 0.05) <= 0.05


@pytest.mark.parametrize("rows", [20, 60, 300])
def test_a_gap_of_categories_is_called_unlikely_no_more_often_than_stated(rows):
    random = np.random.default_rng(rows)
    shares = {"a": 0.55, "b": 0.3, "c": 0.1, "d": 0.05}
    shape, names = (
        CategoricalDistribution(4000, 0.0, 0.0, 0.0, shares),
        np.array(list(shares), dtype=object),
    )
    drawn = (random.choice(names, rows, p=list(shares.values())) for _ in range(400))
    chances = [shift_p_value(shape, shape.gap(values, rows), rows) for values in drawn]
    assert np.mean(np.array(chances) <= 0.05) <= 0.05


@pytest.mark.parametrize("rows", [60, 300, 1000])
def test_the_index_of_nothing_stays_under_its_bound_in_95_of_100(rows):
    random, expected = np.random.default_rng(rows), np.full(10, 0.1)
    found = random.multinomial(rows, expected, 2000) / rows
    index = np.array([population_stability_index(shares, expected, rows, 1e9) for shares in found])
    assert np.mean(index > psi_null_bound(10, rows, 1e9)) == pytest.approx(0.05, abs=0.025)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 60), st.integers(0, 60))
def test_shares_are_compared_by_fisher_s_exact_test(hits, misses, past, others):
    rows, of = hits + misses, past + others
    table = [[hits, misses], [past, others]]
    tails = [fisher_exact(table, alternative=side).pvalue for side in ("less", "greater")]
    assert fisher_exact_p_values(hits, rows, past, of) == pytest.approx(
        min(1.0, 2 * min(tails)), abs=1e-9
    )


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7))
def test_the_law_of_stated_probabilities_counts_every_way(stated):
    law = np.zeros(len(stated) + 1)
    for ways in product([0, 1], repeat=len(stated)):
        law[sum(ways)] += np.prod(
            [p if hit else 1 - p for hit, p in zip(ways, stated, strict=True)]
        )
    assert poisson_binomial_pmf(np.array(stated)) == pytest.approx(law, abs=1e-12)


def test_exact_and_normal_chance_agree_where_they_meet():
    stated = np.random.default_rng(1).uniform(0.1, 0.5, 400)
    more = np.append(stated, 1e-12)  # one case more takes the normal way
    for hits in (90, 110, 120, 140):
        assert poisson_binomial_p_value(more, hits) == pytest.approx(
            poisson_binomial_p_value(stated, hits), rel=0.35
        )


def test_honest_probabilities_have_an_error_that_chance_explains():
    random, raised = np.random.default_rng(2), 0
    for week in range(200):
        stated = random.beta(1, 4, 150)
        raised += calibration_error_test(stated, random.random(150) < stated, week)[1] <= 0.05
    assert raised / 200 <= 0.08
    stated = random.beta(1, 4, 150)
    assert calibration_error_test(stated, random.random(150) < stated + 0.3, 0)[1] < 0.001


def test_holm_is_stepwise_and_keeps_the_order():
    assert adjust_holm(np.array([0.01, 0.04, 0.03])).tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert adjust_holm(np.array([])).tolist() == []


def test_too_few_counts_only_downwards():
    assert binomial_lower_p_value(9, 10, 0.9) > 0.5
    assert binomial_lower_p_value(5, 10, 0.9) == pytest.approx(0.0016, abs=1e-4)


def test_an_interval_without_cases_says_nothing():
    assert wilson_interval_95(0, 0) == (0.0, 1.0)
    low, high = wilson_interval_95(90, 100)
    assert (low, high) == (pytest.approx(0.8256, abs=1e-4), pytest.approx(0.9448, abs=1e-4))


def test_values_of_one_source_count_once_and_natural_ones_each():
    shape = normal()
    assert shape.effective(np.repeat(0.123, 200)) == pytest.approx(1.0)
    assert shape.effective(np.random.default_rng(3).normal(size=200)) == pytest.approx(200)
    flags = NumericDistribution(1000, 0.0, 0.0, 0.0, np.array([0.0, 1.0]), np.array([0.7, 1.0]))
    assert flags.effective(np.repeat([0.0, 1.0], 100)) == pytest.approx(200)


def test_usual_monthly_movement_is_no_drift():
    values = np.random.default_rng(4).normal(0.4, 1.0, 400)
    calm, strict = normal(usual=0.2), normal()
    assert shift_p_value(strict, strict.gap(values, 400), 400) < 1e-4
    assert shift_p_value(calm, calm.gap(values, 400), 400) == 1.0
