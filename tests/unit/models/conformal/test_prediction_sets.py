"""Class sets cover at the stated rate, and past cases are counted right."""

import json

import numpy as np
import pytest
from scipy.stats import binom

from models.conformal.fitting import (
    JudgedRows,
    exact_interval,
    fit_conformal,
    fit_neighbours,
    fit_quantile_shifts,
)
from models.conformal.prediction_sets import Conformal, CoverageScope, wilson_interval


def classified(rows, seed):
    random = np.random.default_rng(seed)
    odds = np.exp(random.normal(size=(rows, 4)) * 1.5)
    odds /= odds.sum(axis=1, keepdims=True)
    label = (random.random(rows)[:, None] > odds.cumsum(axis=1)).sum(axis=1).clip(0, 3)
    return odds, label


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_sets_cover_the_truth_at_the_stated_rate(coverage):
    conformal = fit_conformal(JudgedRows(*classified(3000, 0)), coverage)
    probability, label = classified(20000, 1)
    sets = conformal.class_set(probability)
    assert sets[np.arange(20000), label].mean() == pytest.approx(coverage, abs=0.02)
    assert sets.any(axis=1).all()
    assert sets.sum(axis=1).mean() < 3.5


def test_too_few_rows_to_promise_anything_give_every_class():
    conformal = fit_conformal(JudgedRows(*classified(8, 0)), 0.9)
    assert conformal.class_set(np.array([[0.97, 0.01, 0.01, 0.01]])).all()


def test_similar_past_cases_are_those_of_the_same_bin():
    probability = np.repeat([0.1, 0.2, 0.7], [100, 100, 100])
    hit = np.repeat([True, False, True, False, True, False], [10, 90, 25, 75, 60, 40])
    neighbours = fit_neighbours(probability, hit)
    found = neighbours.find(np.array([0.1, 0.2, 0.65, 0.99]))
    assert found.rows.tolist() == [100, 100, 100, 100]
    assert found.hits.tolist() == [10, 25, 60, 60]
    low, high = exact_interval(found.hits, found.rows)
    assert (found.low.tolist(), found.high.tolist()) == (low.tolist(), high.tolist())


def test_no_past_cases_are_counted_as_none():
    neighbours = fit_neighbours(np.empty(0), np.empty(0, dtype=bool))
    found = neighbours.find(np.array([0.5]))
    assert (found.rows[0], found.hits[0], found.low[0], found.high[0]) == (0, 0, 0.0, 1.0)
    low, high = wilson_interval(np.array([0]), np.array([0]))
    assert (low[0], high[0]) == (0.0, 1.0)


def test_wilson_gives_the_published_interval():
    # 15 of 148 at 95 % is 0.0624 to 0.1605 (Newcombe 1998, method 3); here 90 %.
    low, high = wilson_interval(np.array([15]), np.array([148]))
    assert low[0] == pytest.approx(0.0675, abs=0.0005)
    assert high[0] == pytest.approx(0.1494, abs=0.0005)


@pytest.mark.parametrize(
    ("hits", "rows", "level", "low", "high"),
    [
        (15, 148, 0.95, 0.0578, 0.1617),  # Newcombe 1998, method 5
        (0, 10, 0.9, 0.0, 0.2589),  # 1 - 0.05 ** (1 / 10)
        (10, 10, 0.9, 0.7411, 1.0),
        (0, 0, 0.9, 0.0, 1.0),
    ],
)
def test_the_exact_interval_is_the_published_one(hits, rows, level, low, high):
    ends = exact_interval(np.array([hits]), np.array([rows]), level)
    assert [end[0] for end in ends] == pytest.approx([low, high], abs=1e-4)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_the_exact_interval_holds_the_truth_as_often_as_it_says(share):
    hits = np.arange(61)
    low, high = exact_interval(hits, np.full(61, 60))
    holds = (low <= share) & (share <= high)
    assert binom.pmf(hits, 60, share)[holds].sum() >= 0.9


def test_quantiles_that_are_too_narrow_are_moved_out_and_the_median_stays():
    random = np.random.default_rng(0)
    target = random.normal(size=2000)
    narrow = np.tile([-0.5, 0.0, 0.5], (2000, 1))
    low, middle, high = fit_quantile_shifts(narrow, target, (0.1, 0.5, 0.9))
    assert low == pytest.approx(-1.2816 + 0.5, abs=0.1)
    assert middle == 0
    assert high == pytest.approx(1.2816 - 0.5, abs=0.1)


def skewed(rows, seed):
    """Four classes of which the last is rare and, to the model, much like the first."""
    random = np.random.default_rng(seed)
    label = random.choice(4, rows, p=[0.6, 0.25, 0.1, 0.05])
    margins = random.normal(size=(rows, 4)) + np.log([0.6, 0.25, 0.1, 0.05])
    margins[np.arange(rows), label] += np.array([2.0, 2.0, 1.0, 0.5])[label]
    odds = np.exp(margins)
    return odds / odds.sum(axis=1, keepdims=True), label


def covered(sets, label, k):
    own = label == k
    return sets[own, k].mean()


def test_sets_by_class_cover_each_class_and_sets_over_all_need_not():
    probability, label = skewed(20000, 1)
    plain = fit_conformal(JudgedRows(*skewed(4000, 0)), 0.9)
    each = fit_conformal(JudgedRows(*skewed(4000, 0)), 0.9, CoverageScope.MONDRIAN)
    assert covered(plain.class_set(probability), label, 3) < 0.5
    for k in range(4):
        assert each.of_class[k].promise == 0.9
        spread = 3 * np.sqrt(0.09 / each.of_class[k].rows)
        assert covered(each.class_set(probability), label, k) > 0.9 - spread


def test_a_class_with_too_few_rows_promises_nothing_and_takes_the_threshold_of_all():
    probability, label = skewed(400, 0)
    kept = (label != 3) | (np.cumsum(label == 3) <= 8)  # nine are needed for nine in ten
    found = fit_conformal(JudgedRows(probability[kept], label[kept]), 0.9, CoverageScope.MONDRIAN)
    assert found.of_class[3].rows == 8
    assert found.of_class[3].promise is None
    assert found.of_class[3].threshold == found.threshold
    assert found.of_class[0].promise == 0.9


def test_either_kind_of_set_can_be_had_of_one_model():
    found = fit_conformal(JudgedRows(*skewed(2000, 0)), 0.9, CoverageScope.MARGINAL)
    probability, _ = skewed(100, 1)
    assert (
        found.class_set(probability) == found.class_set(probability, CoverageScope.MARGINAL)
    ).all()
    assert (
        found.class_set(probability, CoverageScope.MONDRIAN).sum()
        > found.class_set(probability).sum()
    )


def test_coverage_lies_within_its_binomial_bounds_over_many_draws():
    """Over draws, coverage of 100 rows calibrated on 100 is 0.9 to 0.9 + 1/101 on average."""
    held = [
        fit_conformal(JudgedRows(*classified(100, seed)), 0.9).class_set(
            classified(100, 999 + seed)[0]
        )[np.arange(100), classified(100, 999 + seed)[1]]
        for seed in range(300)
    ]
    # The draws' own spread is 0.042 (beta and binomial), so their mean is known to 0.0025.
    assert np.mean(held) == pytest.approx(0.905, abs=0.008)


def test_bounds_hold_their_level_within_binomial_bounds_over_many_draws():
    outside = []
    for seed in range(300):
        random = np.random.default_rng(seed)
        target, fresh = random.gumbel(size=(2, 100))
        shifts = fit_quantile_shifts(np.zeros((100, 3)), target, (0.1, 0.5, 0.9))
        outside.append([(fresh < shifts[0]).mean(), (fresh > shifts[2]).mean()])
    below, above = np.mean(outside, axis=0)
    assert below == pytest.approx(0.1 - 0.005, abs=0.008)
    assert above == pytest.approx(0.1 - 0.005, abs=0.008)


def test_rows_that_count_more_move_the_threshold():
    probability, label = skewed(3000, 0)
    even = fit_conformal(JudgedRows(probability, label, np.ones(3000)), 0.9)
    assert even == fit_conformal(JudgedRows(probability, label), 0.9)
    rare = np.where(label == 3, 6.0, 1.0)
    heavy = fit_conformal(JudgedRows(probability, label, rare / rare.mean()), 0.9)
    assert heavy.threshold < even.threshold


def test_fitted_prediction_sets_survive_json():
    found = fit_conformal(JudgedRows(*skewed(500, 0)), 0.9, CoverageScope.MONDRIAN)
    fields = json.loads(json.dumps(found.as_json()))
    assert Conformal.from_json(fields) == found
