"""A rule that is seldom right informs; it does not put a case before a person."""

import pytest

from models.rule_precision import EVERYWHERE, RulePrecision
from serving.policy.finding import NOT_COMPUTED, Finding
from serving.recommendation.rule_floor import apply_rule_floor, flagging
from tests.support.synthetic_recommendations import POLICY

HARD_GATE = POLICY.rules.always_flag[0]
SELDOM = RulePrecision(found=3500, exceptions=48, own_class=48, low=0.010, high=0.018)
OFTEN = RulePrecision(found=400, exceptions=300, own_class=280, low=0.705, high=0.790)
FEW = RulePrecision(found=5, exceptions=1, own_class=1, low=0.036, high=0.625)


def finding(code, **changes):
    return Finding(code=code, sentence="Computed.", role="buyer", **changes)


@pytest.mark.parametrize(
    ("code", "measured", "site", "flags"),
    [
        ("UNIT_OF_MEASURE", {EVERYWHERE: SELDOM}, "S01", False),
        ("UNIT_OF_MEASURE", {EVERYWHERE: OFTEN}, "S01", True),
        ("UNIT_OF_MEASURE", {EVERYWHERE: FEW}, "S01", True),  # too few to call it seldom
        ("UNIT_OF_MEASURE", {EVERYWHERE: SELDOM, "S01": OFTEN}, "S01", True),
        ("UNIT_OF_MEASURE", {EVERYWHERE: SELDOM, "S01": OFTEN}, "S02", False),
        (HARD_GATE, {EVERYWHERE: SELDOM}, "S01", True),
    ],
)
def test_a_rule_flags_unless_it_is_measured_to_be_below_the_floor(code, measured, site, flags):
    (kept,) = apply_rule_floor([finding(code)], site, {code: measured}, POLICY)
    assert (kept.code, kept.sentence, kept.flags) == (code, "Computed.", flags)


def test_what_was_not_measured_flags_as_its_task_says():
    found = [finding("TAX_VARIANCE"), finding("LOW_COVER", flags=False)]
    assert apply_rule_floor(found, None, {}, POLICY) == found
    assert flagging(found) == found[:1]


def test_that_a_rule_could_not_be_computed_flags_nothing():
    assert flagging([finding(NOT_COMPUTED)]) == []
