"""Class sets cover at the stated rate, and past cases are counted right."""

import numpy as np
import pytest

from models.conformal import fit_conformal, fit_neighbours, quantile_shifts, wilson


def classified(rows, seed):
    random = np.random.default_rng(seed)
    odds = np.exp(random.normal(size=(rows, 4)) * 1.5)
    odds /= odds.sum(axis=1, keepdims=True)
    label = (random.random(rows)[:, None] > odds.cumsum(axis=1)).sum(axis=1).clip(0, 3)
    return odds, label


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_sets_cover_the_truth_at_the_stated_rate(coverage):
    conformal = fit_conformal(*classified(3000, 0), coverage)
    probability, label = classified(20000, 1)
    sets = conformal.class_set(probability)
    assert sets[np.arange(20000), label].mean() == pytest.approx(coverage, abs=0.02)
    assert sets.any(axis=1).all()
    assert sets.sum(axis=1).mean() < 3.5


def test_too_few_rows_to_promise_anything_give_every_class():
    conformal = fit_conformal(*classified(8, 0), 0.9)
    assert conformal.class_set(np.array([[0.97, 0.01, 0.01, 0.01]])).all()


def test_similar_past_cases_are_those_of_the_same_bin():
    probability = np.repeat([0.1, 0.2, 0.7], [100, 100, 100])
    hit = np.repeat([True, False, True, False, True, False], [10, 90, 25, 75, 60, 40])
    neighbours = fit_neighbours(probability, hit)
    rows, hits = neighbours.find(np.array([0.1, 0.2, 0.65, 0.99]))
    assert rows.tolist() == [100, 100, 100, 100]
    assert hits.tolist() == [10, 25, 60, 60]


def test_no_past_cases_are_counted_as_none():
    neighbours = fit_neighbours(np.empty(0), np.empty(0, dtype=bool))
    assert [x.tolist() for x in neighbours.find(np.array([0.5]))] == [[0], [0]]
    low, high = wilson(np.array([0]), np.array([0]))
    assert (low[0], high[0]) == (0.0, 1.0)


def test_wilson_gives_the_published_interval():
    # 15 of 148 at 95 % is 0.0624 to 0.1605 (Newcombe 1998, method 3); here 90 %.
    low, high = wilson(np.array([15]), np.array([148]))
    assert low[0] == pytest.approx(0.0675, abs=0.0005)
    assert high[0] == pytest.approx(0.1494, abs=0.0005)


def test_quantiles_that_are_too_narrow_are_moved_out_and_the_median_stays():
    random = np.random.default_rng(0)
    target = random.normal(size=2000)
    narrow = np.tile([-0.5, 0.0, 0.5], (2000, 1))
    low, middle, high = quantile_shifts(narrow, target, (0.1, 0.5, 0.9))
    assert low == pytest.approx(-1.2816 + 0.5, abs=0.1)
    assert middle == 0
    assert high == pytest.approx(1.2816 - 0.5, abs=0.1)
