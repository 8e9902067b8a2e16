"""Advice on retraining for each kind of evidence."""

import pytest

from training.monitor.retraining_advice import Advice, VerdictInputs, advise_on_retraining
from training.monitor.signals import ALL_SITES, MonitorThresholds, Signal, SignalKind
from training.monitor.unit_changes import UnitChange

GAIN = {"cover": 0.4, "lateness": 0.25, "colour": 0.001}
MOVED = {"psi": 1.0, "psi_bound": 0.1}


def signal(kind, place=ALL_SITES, subject="cover", found=0.3, expected=0.1):
    return Signal(
        kind, place, subject, 400, found, expected, 0.2, 1e-9, 1e-6, raised=True, figures=MOVED
    )


def decide(*signals, changes=(), matured=0, days=7):
    return advise_on_retraining(
        VerdictInputs(signals, changes, GAIN, matured, days), MonitorThresholds()
    )


def everywhere(subject):
    return [signal(SignalKind.SHIFT, place, subject) for place in (ALL_SITES, "S01", "S02")]


def test_nothing_raised_needs_nothing():
    assert decide() == advise_on_retraining(
        VerdictInputs((), (), GAIN, 500, 7), MonitorThresholds()
    )
    assert decide().advice is Advice.NO_NEED


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        (SignalKind.LEVEL, "LATE"),
        (SignalKind.SPREAD, "score"),
        (SignalKind.SKILL, "log-loss"),
        (SignalKind.CLASS_SET, "set"),
    ],
)
def test_probabilities_that_no_longer_hold_call_for_a_new_model(kind, subject):
    assert decide(signal(kind, subject=subject)).advice is Advice.RETRAIN


def test_a_rare_class_that_doubled_is_worth_a_look_only():
    rare = signal(SignalKind.LEVEL, subject="CURRENCY_RATE", found=0.026, expected=0.011)
    assert decide(rare, matured=1300).advice is Advice.LOOK


def test_important_features_that_moved_call_for_a_new_model_unless_outcomes_say_otherwise():
    moved = everywhere("cover")
    assert decide(*moved).advice is Advice.RETRAIN
    assert decide(*moved, matured=500).advice is Advice.LOOK
    broken = signal(SignalKind.LEVEL, subject="LATE")
    assert decide(*moved, broken, matured=500).advice is Advice.RETRAIN


def test_cases_of_one_day_are_a_list_and_no_reason_to_retrain():
    found = decide(*everywhere("cover"), days=1)
    assert found.advice is Advice.LOOK
    assert "all was asked on one day: ask how these cases were chosen" in found.reasons[0].text


def test_features_that_the_model_hardly_uses_raise_no_alarm():
    assert decide(*everywhere("colour")).advice is Advice.NO_NEED


def test_a_change_at_one_site_is_asked_about_at_that_site():
    found = decide(signal(SignalKind.SHIFT), signal(SignalKind.SHIFT, "S04"))
    assert (found.advice, found.headline) == (Advice.LOOK, "look at site S04")
    assert "only site S04 moved in cover" in found.reasons[0].text


def test_data_to_mend_come_before_everything_that_may_follow_from_them():
    change = UnitChange("S03", "cover", 12.0, 120.0, 10.0, "dozens", 60, 0.9, ("lateness",))
    found = decide(
        signal(SignalKind.SHIFT),
        signal(SignalKind.SHIFT, "S03"),
        signal(SignalKind.LEVEL, subject="LATE"),
        signal(SignalKind.LEVEL, "S03", "LATE"),
        changes=(change,),
    )
    assert (found.advice, found.headline) == (Advice.LOOK, "look at site S03 first")
    assert [reason.place for reason in found.reasons] == ["S03", ""]
    assert "ratio of medians 12, as between dozens; lateness moved with it" in found.reasons[0].text
    assert "2 signals over all sites follow from that" in found.reasons[1].text


def test_reasons_stand_in_the_order_of_their_weight():
    found = decide(
        signal(SignalKind.OVERRIDDEN, subject="overridden"),
        signal(SignalKind.MISSING, "S02", "lateness"),
        signal(SignalKind.LEVEL, subject="LATE"),
    )
    weights = [reason.weight for reason in found.reasons]
    assert weights == sorted(weights, reverse=True)
    assert "LATE was stated at" in found.reasons[0].text
