"""The share of cases that is flagged against the share of exceptions that it finds."""

import numpy as np

from models.rule_precision import measure_rules
from training.evaluation.review_curve import flagged_by_rule, review_curve

N = 100
EXCEPTION = np.arange(N) < 20
PROBABILITY = np.linspace(0.9, 0.1, N)  # the model ranks all exceptions first


def points(by_rule, by_any_rule):
    curve = review_curve(PROBABILITY, EXCEPTION, by_rule, by_any_rule, 0.8)
    return {point.name: point for point in curve}


def test_a_model_that_ranks_well_finds_every_exception_with_few_flagged():
    none = np.zeros(N, dtype=bool)
    curve = points(none, none)
    assert (curve["model, 10%"].flagged, curve["model, 10%"].recall) == (0.1, 0.5)
    assert (curve["model, 20%"].flagged, curve["model, 20%"].recall) == (0.2, 1.0)


def test_what_a_rule_flags_comes_before_what_the_model_ranks():
    noisy = np.arange(N) >= 90  # ten cases, none of them an exception
    curve = points(noisy, noisy)
    assert "rules and model, 5%" not in curve, "the rules flag more than that already"
    assert curve["rules and model, 20%"].recall == 0.5
    assert curve["rules that flag"].recall == 0.0


def test_what_is_served_is_what_a_rule_flags_or_the_model_finds_likely_enough():
    last = np.arange(N) == 99
    curve = points(last, last)
    likely = float((PROBABILITY >= 0.8).mean())
    assert curve["as served"].flagged == likely + 0.01


def test_a_rule_surely_below_the_floor_informs_and_one_that_always_flags_flags():
    findings, sites = [{"RARELY"}] * 90 + [{"MOSTLY"}] * 10, ["S01"] * N
    measured = measure_rules(findings, ["CLEAN"] * N, np.arange(N) >= 88, sites)
    assert flagged_by_rule(findings, sites, measured, 0.3, ()).sum() == 10
    assert flagged_by_rule(findings, sites, measured, 0.3, {"RARELY"}).sum() == 100


def test_without_exceptions_there_is_no_recall():
    none = np.zeros(N, dtype=bool)
    assert np.isnan(review_curve(PROBABILITY, none, none, none, 0.8)[0].recall)
