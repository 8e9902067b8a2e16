"""Each planted drift is found where it was planted, and the advice is the right one."""

import numpy as np
import pytest

from tests.unit.training.monitor.planted_drifts import report, week, with_ends, with_features
from training.monitor.report import MonitoringInputs
from training.monitor.retraining_advice import EXIT_CODES, Advice
from training.monitor.signals import ALL_SITES, SignalKind

pytestmark = pytest.mark.slow(5)


def found(given, kind):
    return {(s.place, s.subject) for s in given.raised if s.kind is kind}


def test_a_quiet_week_needs_nothing():
    given = report(week())
    assert given.verdict.advice is Advice.NO_NEED
    assert (given.raised, EXIT_CODES[given.verdict.advice]) == ([], 0)


@pytest.mark.parametrize(("factor", "looks_like"), [(12.0, "dozens"), (1 / 1000, "thousands")])
def test_a_site_that_changes_its_unit_is_named_with_feature_and_factor(factor, looks_like):
    given = report(with_features(week(), "S03", lambda f: f | {"quantity": f["quantity"] * factor}))
    change = given.changes[0]
    assert [(c.site, c.feature) for c in given.changes] == [("S03", "quantity")]
    assert change.factor == pytest.approx(factor, rel=0.35)
    assert given.verdict.advice is Advice.LOOK
    assert given.verdict.headline == "look at site S03 first"
    first = given.verdict.reasons[0].text
    assert "unit of measure probably changed at site S03, feature quantity" in first
    assert "do not retrain" in first
    assert looks_like in change.looks_like
    assert looks_like in first


def test_a_unit_that_broke_the_probabilities_of_its_site_still_is_no_reason_to_retrain():
    moved = with_features(week(), "S03", lambda f: f | {"quantity": f["quantity"] * 12})
    given = report(with_ends(moved, "S03", 0.7))
    assert ("S03", "LATE") in found(given, SignalKind.LEVEL)
    assert given.verdict.advice is Advice.LOOK
    assert given.verdict.headline == "look at site S03 first"


def test_quantities_that_grow_everywhere_are_no_change_of_unit():
    given = report(with_features(week(), None, lambda f: f | {"quantity": f["quantity"] * 12}))
    assert given.changes == ()
    assert (ALL_SITES, "quantity") in found(given, SignalKind.SHIFT)


def test_sites_with_a_dozen_cases_still_tell_that_all_moved_alike():
    quiet = week()
    asked = quiet.recommendations
    window = asked[asked["asked_at"] >= "2026-01-08"]
    others = window[window["site_id"] != "S03"]
    surplus = others.index[others.groupby("site_id").cumcount() >= 12]
    few = MonitoringInputs(asked.drop(index=surplus), quiet.decisions, quiet.outcomes)
    given = report(with_features(few, None, lambda f: f | {"quantity": f["quantity"] * 6}))
    assert ("S03", "quantity") in found(given, SignalKind.SHIFT)
    assert given.changes == ()


def test_a_category_that_appears_at_one_site_is_found_there():
    planted = with_features(week(), "S02", lambda f: f | {"category_1": "antarctica"})
    asked = planted.recommendations.copy()
    asked["unseen"] = [
        ["category_1"] if f["category_1"] == "antarctica" else [] for f in asked["features"]
    ]
    given = report(MonitoringInputs(asked, planted.decisions, planted.outcomes))
    assert ("S02", "category_1") in found(given, SignalKind.UNSEEN)
    assert {place for place, _ in found(given, SignalKind.UNSEEN)} <= {"S02", ALL_SITES}
    assert given.verdict.advice is Advice.LOOK
    assert given.verdict.reasons[0].place == "S02"
    assert "category_1 has a value the model never saw" in given.verdict.reasons[0].text


def test_a_field_that_a_site_no_longer_sends_is_found_there():
    given = report(with_features(week(), "S04", lambda f: f | {"number_00": None}))
    assert ("S04", "number_00") in found(given, SignalKind.MISSING)
    assert given.verdict.advice is Advice.LOOK
    assert [r.place for r in given.verdict.reasons] == ["S04"]


def test_a_field_that_is_filled_better_than_before_is_no_trouble():
    given = report(with_features(week(), "S04", lambda f: f | {"number_04": f["number_04"] or 3.0}))
    assert found(given, SignalKind.MISSING) == set()


def test_more_bad_ends_than_stated_call_for_a_new_model():
    given = report(with_ends(week(), None, 0.3))
    assert (ALL_SITES, "LATE") in found(given, SignalKind.LEVEL)
    assert given.verdict.advice is Advice.RETRAIN
    assert EXIT_CODES[given.verdict.advice] == 4
    assert "LATE was stated at" in given.verdict.reasons[0].text


def test_bad_ends_at_one_site_name_the_site():
    given = report(with_ends(week(rows=600), "S05", 0.6))
    assert ("S05", "LATE") in found(given, SignalKind.LEVEL)
    assert not {p for p, _ in found(given, SignalKind.LEVEL)} & {"S01", "S02", "S03", "S04"}
    assert any(r.place == "S05" for r in given.verdict.reasons)


def test_labels_that_have_not_matured_are_counted_and_not_judged():
    planted = with_ends(week(), None, 0.6)
    later = planted.outcomes.assign(
        matured_at=planted.outcomes["matured_at"] + np.timedelta64(90, "D")
    )
    given = report(MonitoringInputs(planted.recommendations, planted.decisions, later))
    assert (given.counts["ended"], given.counts["waiting"]) == (0, given.counts["asked"])
    assert not [
        s
        for s in given.signals
        if s.kind in {SignalKind.LEVEL, SignalKind.SPREAD, SignalKind.CLASS_SET}
    ]


def test_many_important_features_that_move_at_all_sites_call_for_a_new_model():
    def shifted(features):
        return features | {
            name: value + 4.0 * (1.0 + abs(value))
            for name, value in features.items()
            if name.startswith("number") and value is not None
        }

    few = week()
    unlabelled = MonitoringInputs(few.recommendations, few.decisions, few.outcomes.iloc[:0])
    given = report(with_features(unlabelled, None, shifted))
    assert given.verdict.advice is Advice.RETRAIN
    held = report(with_features(few, None, shifted))
    assert held.verdict.advice is Advice.LOOK
    assert "yet the probabilities held" in " ".join(r.text for r in held.verdict.reasons)


def test_people_who_start_to_override_are_noticed():
    quiet = week()
    asked = quiet.recommendations.set_index("id")["asked_at"]
    told = quiet.decisions.copy()
    late = told["recommendation_id"].map(asked) >= asked.max() - np.timedelta64(7, "D")
    told["action"] = np.where(late, "overridden", told["action"])
    given = report(MonitoringInputs(quiet.recommendations, told, quiet.outcomes))
    assert (ALL_SITES, "overridden") in found(given, SignalKind.OVERRIDDEN)
    assert given.verdict.advice is Advice.LOOK


def test_a_site_with_a_handful_of_cases_does_not_shout():
    quiet = week()
    asked = quiet.recommendations
    here = np.flatnonzero((asked["site_id"] == "S01") & (asked["asked_at"] >= "2026-01-08"))
    few = MonitoringInputs(asked.drop(index=here[8:]), quiet.decisions, quiet.outcomes)
    given = report(with_features(few, "S01", lambda f: f | {"quantity": 1e6}))
    assert "S01" not in given.judged
    assert {s.place for s in given.raised} <= {ALL_SITES}


def test_recommendations_of_earlier_models_are_left_out_and_counted():
    quiet = week()
    asked = quiet.recommendations.copy()
    asked.loc[asked["site_id"] == "S01", "model_digest"] = "1" * 64
    given = report(MonitoringInputs(asked, quiet.decisions, quiet.outcomes))
    assert "S01" not in given.window.sites
    assert given.counts["other_models"] > 0
    assert given.counts["asked"] + given.counts["other_models"] == 300


def test_repeated_asks_of_one_case_do_not_count_as_many_cases():
    quiet = week()
    asked = quiet.recommendations.copy()
    asked["case_id"] = asked["site_id"]
    repeated = MonitoringInputs(asked, quiet.decisions, quiet.outcomes)
    given = report(with_features(repeated, None, lambda f: f | {"number_00": 40.0}))
    assert found(given, SignalKind.SHIFT) == set()
