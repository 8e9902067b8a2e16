"""Reliability diagrams show what was said, what came, and how sure that is."""

from dataclasses import replace

import numpy as np
import pytest

from models.fitting.fit import fit
from tests.support.synthetic_task import draw_training_set, make_task
from training.evaluation.plots import training_plots
from training.evaluation.reliability_diagram import reliability_bins
from training.evaluation.segment_figures import figures_by_segment

pytestmark = pytest.mark.slow(5)


def test_points_are_counted_by_hand():
    sure = np.repeat([0.2, 0.8], 100)
    right = np.concatenate([np.arange(100) < 30, np.arange(100) < 70])
    found = reliability_bins(right, sure, most=2)
    assert found.rows.tolist() == [100, 100]
    assert found.said.tolist() == pytest.approx([0.2, 0.8])
    assert found.happened.tolist() == [0.3, 0.7]
    assert (found.low[0], found.high[0]) == pytest.approx((0.219, 0.396), abs=0.001)


def test_the_few_likely_asks_of_a_rare_class_are_not_lost_among_the_others():
    random = np.random.default_rng(0)
    sure = np.concatenate([np.full(2000, 0.001), random.uniform(0.3, 0.7, 60)])
    found = reliability_bins(random.random(2060) < sure, sure)
    assert len(found.rows) >= 3
    assert (found.said > 0.3).sum() >= 2
    assert found.rows.sum() == 2060


def test_intervals_hold_a_true_probability_about_as_often_as_they_say():
    random = np.random.default_rng(1)
    sure = np.sort(random.random(40_000))
    found = reliability_bins(random.random(40_000) < sure, sure, most=200)
    held = ((found.low <= found.said) & (found.said <= found.high)).mean()
    assert held == pytest.approx(0.95, abs=0.04)


def test_few_asks_or_none_are_no_reason_to_fail():
    assert len(reliability_bins(np.zeros(0, bool), np.zeros(0)).rows) == 0
    assert reliability_bins(np.array([True]), np.array([0.4])).rows.tolist() == [1]


@pytest.mark.parametrize("classes", [2, 4])
def test_a_run_gets_diagrams_of_all_of_each_site_and_of_each_class(classes):
    training = draw_training_set(900, classes).training
    sites = replace(training, site=np.array(["S01", "S02", "S03"])[np.arange(900) % 3])
    asked = make_task(classes, quantiles=(0.1, 0.5, 0.9))
    fitted = fit(asked, sites)
    answers = fitted.model.predict(sites.inputs)
    views = figures_by_segment(asked, sites, answers, resamples=10)
    drawn_files = training_plots(asked, sites, answers, fitted.gains, views)
    by_site = drawn_files["reliability_by_site.png"]
    titles = " ".join(axes.get_title() for axes in by_site.axes)
    assert all(site in titles for site in ("S01", "S02", "S03"))
    shown = [axes for axes in drawn_files["reliability_by_class.png"].axes if axes.get_title()]
    assert len(shown) == (1 if classes == 2 else classes)
    covering = drawn_files["coverage_by_site.png"].axes
    assert len(covering) == 2
    assert len(covering[0].get_yticklabels()) == 4
    assert "of B" in drawn_files["reliability.png"].axes[1].get_xlabel() or classes > 2
