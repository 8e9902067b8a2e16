"""From score, findings and policy to what a person is told."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.policy.sections import Level
from tests.support.synthetic_recommendations import (
    ASKED_AT,
    CATALOGUE,
    POLICY,
    PROVENANCE,
    example_fields,
    make_score,
    recommend_example,
)

STOCK, INVOICE, DELAY = STOCK_RISK.name, INVOICE_MISMATCH.name, SUPPLIER_DELAY.name
COVERED = {"average_demand": 4.0}  # stock and the receipt last for the horizon


@pytest.mark.parametrize(
    ("probability", "level"),
    [(0.5, Level.ACT), (0.499, Level.WATCH), (0.2, Level.WATCH), (0.199, Level.NONE)],
)
def test_thresholds_of_the_policy_decide_how_strongly_something_is_suggested(probability, level):
    assert recommend_example(STOCK, make_score(STOCK, probability), **COVERED).level is level


def test_the_sentence_says_what_is_expected_and_how_sure():
    assert recommend_example(STOCK, **COVERED).sentence == (
        "Expected to run out within 14 days: item item_0042 at site site_03 "
        "(70% likely, 60% to 80% in similar past cases)."
    )
    due = (ASKED_AT + timedelta(days=5)).isoformat()
    assert recommend_example(DELAY, promised_at=due).sentence == (
        "Order line po-5521-2 from supplier_17 is expected to come late (late: 70% likely, "
        "60% to 80% in similar past cases). Most likely 2 days late; 8 of 10 such lines come "
        "between 1 day early and 9 days late."
    )


def test_a_clean_end_that_is_less_than_even_is_not_announced_as_expected():
    assert recommend_example(INVOICE, make_score(INVOICE, 0.43, "CLEAN")).sentence == (
        "Invoice line inv-88123-1 is likelier to end in an exception (57%) than without one "
        "(43% likely, 33% to 53% in similar past cases), but no single kind is likelier than none."
    )


def test_windows_of_facts_are_told_in_days():
    outside = replace(make_score(STOCK), outside=["demand_in_stock_84d", "on_hand"])
    notes = recommend_example(STOCK, outside).notes
    assert "Outside anything seen in training: demand in stock 84 days, on hand." in notes


def test_every_answer_says_that_it_is_only_a_recommendation():
    assert recommend_example(STOCK).recommendation_only is True


def test_an_exception_goes_to_the_role_that_owns_its_class():
    advice = recommend_example(INVOICE, make_score(INVOICE, 0.7, "NO_RECEIPT"))
    assert advice.route == "receiving"
    assert advice.suggested_action == POLICY.classes["NO_RECEIPT"].suggestion


def test_a_clean_score_with_a_finding_goes_to_the_owner_of_the_finding():
    advice = recommend_example(
        INVOICE, make_score(INVOICE, 0.95, "CLEAN")
    )  # the example's price is 10 % up
    assert (advice.explained_class, advice.route) == ("CLEAN", "procurement")


def test_priority_is_the_probability_of_any_exception_times_money_at_risk():
    advice = recommend_example(INVOICE, make_score(INVOICE, 0.9, "CLEAN"), money_at_risk=42.0)
    assert advice.priority == pytest.approx(0.1 * 42.0)
    assert advice.priority_is == "probability x money at risk, EUR at 1 EUR"


@pytest.mark.parametrize(
    ("task", "changes", "money", "how"),
    [
        (STOCK, {}, 4.2 * 10.5, "most short on a day within 14 days x unit cost"),
        (STOCK, {"money_at_risk": 99.5}, 99.5, "as given with the case"),
        (INVOICE, {}, 42.0, "price difference x quantity"),
        (DELAY, {}, 420.0, "open quantity 100 x 4.20 EUR"),
    ],
)
def test_money_at_risk_is_given_or_computed_as_stated(task, changes, money, how):
    advice = recommend_example(task, **changes)
    assert (advice.money_at_risk, advice.money_at_risk_is) == (pytest.approx(money), how)


def test_money_on_an_order_of_nearly_nothing_is_a_number_that_json_has():
    returned = [
        {
            "quantity_received": -739.0,
            "quantity_damaged": None,
            "happened_at": "2026-03-01T10:00:00Z",
            "known_at": "2026-03-01T15:30:00Z",
        }
    ]
    advice = recommend_example(
        DELAY, quantity_ordered=5e-324, po_unit_price=None, line_value=237.0, receipts=returned
    )
    assert advice.money_at_risk is not None
    assert 0 <= advice.money_at_risk <= 1e15
    assert 0 <= advice.priority <= 1e15


def test_money_that_is_not_known_ranks_last_and_says_so():
    advice = recommend_example(STOCK, unit_cost=None)
    assert (advice.money_at_risk, advice.priority) == (None, 0.0)
    assert advice.priority_is == "money at risk is not known: ranked last"


@pytest.mark.parametrize(
    ("currency", "stated", "factor", "how"),
    [
        ("EUR", None, 1.0, "probability x money at risk, EUR at 1 EUR"),
        ("USD", 0.9, 0.9, "probability x money at risk, USD at 0.9 EUR"),
        ("XTS", 3.0, 3.0, "probability x money at risk, XTS at 3 EUR"),
        ("XTS", None, 0.0, "not computed: no rate for XTS"),
    ],
)
def test_money_is_ranked_at_the_rate_of_the_case_and_never_one_to_one(
    currency, stated, factor, how
):
    advice = recommend_example(STOCK, currency=currency, exchange_rate=stated, money_at_risk=1000.0)
    assert advice.priority == pytest.approx(0.7 * 1000 * factor)
    assert advice.priority_is == how
    assert (advice.money_at_risk, advice.currency) == (1000.0, currency)


def test_a_currency_without_a_stated_rate_is_ranked_at_the_policys():
    advice = recommend_example(STOCK, currency="USD", money_at_risk=1000.0)
    assert advice.priority == pytest.approx(0.7 * 1000 * POLICY.money.rates["USD"])


def test_a_recommendation_expires_so_long_after_the_moment_asked_about():
    later = ASKED_AT + timedelta(hours=5)
    advice = recommend_example(INVOICE, answered_at=later)
    assert advice.expires_at == ASKED_AT + timedelta(hours=72)


def test_reasons_are_the_five_strongest_facts_the_strongest_first():
    steps = [(f"f{i}", f"fact {i}", 0.01 * (-1) ** i * i) for i in range(8)]
    total = sum(part for _, _, part in steps)
    told = recommend_example(STOCK, make_score(STOCK, 0.2 + total, steps=steps)).reasons
    assert [reason.feature for reason in told] == ["f7", "f6", "f5", "f4", "f3"]


def test_missing_facts_and_unseen_values_are_said():
    advice = recommend_example(STOCK)
    assert advice.missing == ["late: no receipt in 364 days"]
    assert "Never seen in training, treated as unknown: region." in advice.notes


def test_a_line_past_its_promise_is_said_to_be_late_before_any_forecast():
    changes = {"promised_at": (ASKED_AT - timedelta(days=9)).isoformat()}
    served, case = CATALOGUE[DELAY], example_fields(DELAY, **changes)
    found = served.evidence(case, served.rules(case, POLICY, ASKED_AT), ASKED_AT, POLICY)
    sentence = recommend_example(DELAY, evidence=found, **changes).sentence
    assert ": due 1 Mar, 100 open." in sentence
    assert "Most likely" not in sentence


@pytest.mark.parametrize(
    ("as_of", "said"),
    [
        (date(2026, 3, 8), []),
        (
            date(2026, 3, 7),
            ["The history behind this answer ends 3 days before the question (2 are allowed)."],
        ),
        (
            date(2026, 3, 11),
            ["The history behind this answer reaches past the moment asked about."],
        ),
    ],
)
def test_history_that_is_too_old_or_too_young_is_said(as_of, said):
    advice = recommend_example(STOCK, made_from=replace(PROVENANCE, features_as_of=as_of))
    assert [note for note in advice.notes if "history" in note] == said


def test_a_rule_that_found_something_is_never_nothing_to_do():
    low = make_score(STOCK, 0.01)
    assert recommend_example(STOCK, low, **COVERED).level is Level.NONE
    assert recommend_example(STOCK, low, scheduled_receipts=[]).level is Level.WATCH
