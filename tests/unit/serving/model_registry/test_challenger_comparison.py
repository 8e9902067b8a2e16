"""Figures of champion and challenger, computed by hand."""

import math

import pytest

from serving.model_registry.challenger_comparison import agreement_figures
from serving.model_registry.shadow import ShadowScore


def scored(name, champion, challenger, site="S01"):
    return ShadowScore(
        recommendation=name,
        site=site,
        champion={"no": 1 - champion, "yes": champion},
        challenger={"no": 1 - challenger, "yes": challenger},
        exception=champion,
        shadow_exception=challenger,
    )


def test_agreement_and_difference_are_over_all_cases():
    found = agreement_figures([scored("a", 0.9, 0.7), scored("b", 0.6, 0.4)], {})
    assert found.n == 2
    assert found.agreement == 0.5
    assert found.difference == pytest.approx(0.2)
    assert (found.decided, found.log_loss, found.shadow_brier) == (0, None, None)


def test_losses_are_over_cases_whose_end_was_reported():
    found = agreement_figures([scored("a", 0.9, 0.7), scored("b", 0.6, 0.4)], {"a": "yes"})
    assert found.decided == 1
    assert found.log_loss == pytest.approx(-math.log(0.9))
    assert found.shadow_log_loss == pytest.approx(-math.log(0.7))
    assert found.brier == pytest.approx(2 * 0.1**2)
    assert found.shadow_brier == pytest.approx(2 * 0.3**2)


def test_an_end_that_is_no_class_counts_for_nothing():
    assert agreement_figures([scored("a", 0.9, 0.7)], {"a": "CREDIT_NOTE"}).decided == 0
