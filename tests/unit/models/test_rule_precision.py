"""A rule is worth what its findings turned out to be."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rule_precision import (
    EVERYWHERE,
    is_worth_flagging,
    measure_rules,
    precisions_as_json,
    precisions_from_json,
)

FINDINGS = [{"PRICE_VARIANCE"}, {"PRICE_VARIANCE", "NO_RECEIPT"}, {"NO_RECEIPT"}, set()]
ENDED = ["PRICE_VARIANCE", "NO_RECEIPT", "CLEAN", "CLEAN"]
EXCEPTION = np.array([True, True, False, False])
SITES = ["S01", "S02", "S02", "S01"]


def test_a_rule_is_right_where_the_case_ended_as_an_exception():
    price = measure_rules(FINDINGS, ENDED, EXCEPTION, SITES)["PRICE_VARIANCE"][EVERYWHERE]
    assert (price.found, price.exceptions, price.own_class) == (2, 2, 1)


def test_each_site_has_figures_of_its_own():
    receipt = measure_rules(FINDINGS, ENDED, EXCEPTION, SITES)["NO_RECEIPT"]
    assert set(receipt) == {EVERYWHERE, "S02"}
    assert (receipt["S02"].found, receipt["S02"].exceptions) == (2, 1)


def test_a_case_without_a_site_counts_everywhere_alone():
    figures = measure_rules([{"X"}], ["CLEAN"], np.array([False]), [None])
    assert set(figures["X"]) == {EVERYWHERE}


def test_a_rule_that_names_no_class_is_right_with_any_exception():
    figures = measure_rules([{"PROMISE_PASSED"}], ["LATE"], np.array([True]), ["S01"])
    assert figures["PROMISE_PASSED"][EVERYWHERE].own_class == 1


def test_wilsons_interval_of_48_in_3500_is_surely_below_two_percent():
    findings, exception = [{"UNIT_OF_MEASURE"}] * 3500, np.arange(3500) < 48
    figures = measure_rules(findings, ["CLEAN"] * 3500, exception, ["S01"] * 3500)
    unit = figures["UNIT_OF_MEASURE"][EVERYWHERE]
    assert unit.low == pytest.approx(0.01036, abs=1e-4)
    assert unit.high == pytest.approx(0.01813, abs=1e-4)


def rarely_right(site, rows):
    return measure_rules(
        [{"TAX"}] * rows, ["CLEAN"] * rows, np.zeros(rows, dtype=bool), [site] * rows
    )


def test_a_rule_flags_until_it_is_surely_below_the_floor():
    assert is_worth_flagging("TAX", "S01", rarely_right("S01", 5), 0.3, ())
    assert not is_worth_flagging("TAX", "S01", rarely_right("S01", 50), 0.3, ())
    assert is_worth_flagging("TAX", "S01", rarely_right("S01", 50), 0.3, {"TAX"})


def test_a_rule_that_was_never_measured_flags():
    assert is_worth_flagging("NEW", "S01", rarely_right("S01", 50), 0.3, ())


def test_a_site_with_enough_findings_counts_by_itself():
    exception = np.arange(130) < 100  # right at S01, wrong at S02
    sites = ["S01"] * 100 + ["S02"] * 30
    measured = measure_rules([{"TAX"}] * 130, ["CLEAN"] * 130, exception, sites)
    assert is_worth_flagging("TAX", "S01", measured, 0.3, ())
    assert not is_worth_flagging("TAX", "S02", measured, 0.3, ())
    assert is_worth_flagging("TAX", "S03", measured, 0.3, ()), "all sites together are right"


CASES = st.tuples(
    st.frozensets(st.sampled_from("ABC")), st.booleans(), st.sampled_from(["S01", "S02"])
)


@given(st.lists(CASES, max_size=30))
def test_sites_add_up_and_the_artefact_keeps_every_figure(cases):
    findings = [codes for codes, _, _ in cases]
    exception = np.array([bad for _, bad, _ in cases], dtype=bool)
    ended = ["LATE" if bad else "ON_TIME" for bad in exception]
    measured = measure_rules(findings, ended, exception, [site for *_, site in cases])
    for by_site in measured.values():
        parts = [figures for site, figures in by_site.items() if site != EVERYWHERE]
        assert sum(part.found for part in parts) == by_site[EVERYWHERE].found
        assert sum(part.exceptions for part in parts) == by_site[EVERYWHERE].exceptions
    assert precisions_from_json(json.loads(json.dumps(precisions_as_json(measured)))) == measured
