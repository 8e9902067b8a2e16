"""Findings of the rules, as tables: changes to the example case and the findings."""

from datetime import timedelta

import pytest

from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from tests.support.synthetic_recommendations import ASKED_AT, CATALOGUE, POLICY, example_fields


def found(task, **changes):
    return CATALOGUE[task].rules(example_fields(task, **changes), POLICY, ASKED_AT)


def codes(task, **changes):
    return [finding.code for finding in found(task, **changes)]


def receipt(quantity, damaged=0):
    return [
        {
            "quantity_received": quantity,
            "quantity_damaged": damaged,
            "happened_at": "2026-03-01T10:00:00Z",
            "known_at": "2026-03-01T15:30:00Z",
        }
    ]


def due(days, quantity=200):
    return [
        {
            "quantity_open": quantity,
            "promised_at": (ASKED_AT + timedelta(days=days)).isoformat(),
            "known_at": "2026-03-01T08:00:00Z",
        }
    ]


# 120 on hand, 80 safety stock, 14.5 a day: 203 are needed in the 14 days.
STEADY = {"scheduled_receipts": [], "safety_stock": None}


def still(**changes):
    """A case that nobody asks for more of."""
    return {"scheduled_receipts": due(1, 0), "average_demand": 0} | changes


STOCK = [
    ({"scheduled_receipts": due(3)}, []),  # 91 are left on the day before
    ({"scheduled_receipts": due(4)}, ["BELOW_SAFETY_STOCK"]),  # 76.5 on the day before
    ({"scheduled_receipts": due(9)}, ["BELOW_SAFETY_STOCK"]),  # 4 are left on the day before
    ({"scheduled_receipts": due(10)}, ["PROJECTED_SHORTAGE"]),  # dry on the day before
    ({"scheduled_receipts": due(14)}, ["PROJECTED_SHORTAGE"]),  # within the horizon, days too late
    ({"scheduled_receipts": due(15)}, ["PROJECTED_SHORTAGE", "RECEIPT_AFTER_HORIZON"]),
    ({"scheduled_receipts": []}, ["PROJECTED_SHORTAGE"]),
    ({"scheduled_receipts": due(0)}, []),  # due today is not overdue
    ({"scheduled_receipts": due(-1)}, ["PROJECTED_SHORTAGE", "RECEIPT_OVERDUE"]),  # no cover
    ({"scheduled_receipts": due(-1, 0)}, ["PROJECTED_SHORTAGE"]),  # received in full
    ({"scheduled_receipts": [due(2)[0] | {"line_state": "cancelled"}]}, ["PROJECTED_SHORTAGE"]),
    ({"scheduled_receipts": [due(2)[0] | {"line_state": "closed_short"}]}, ["PROJECTED_SHORTAGE"]),
    ({"scheduled_receipts": due(2), "on_hand": 0}, ["OUT_OF_STOCK", "PROJECTED_SHORTAGE"]),
    ({"scheduled_receipts": due(1, 300), "on_hand": 0}, ["OUT_OF_STOCK"]),
    ({"scheduled_receipts": [], "average_demand": None}, ["NOT_COMPUTED"]),
    # Decimals that leave nothing are not below zero.
    (STEADY | {"on_hand": 1.4, "average_demand": 0.1}, []),
    (STEADY | {"on_hand": 1.399, "average_demand": 0.1}, ["PROJECTED_SHORTAGE"]),
]


@pytest.mark.parametrize(("changes", "expected"), STOCK)
def test_stock(changes, expected):
    assert codes(STOCK_RISK.name, **changes) == expected


OWED = [  # on hand, backordered, free
    (-7, 7, -7),
    (-7, None, -7),
    (-7, 12, -12),
    (4, 12, -8),
]


@pytest.mark.parametrize(("on_hand", "backordered", "free"), OWED)
def test_what_is_owed_is_subtracted_once(on_hand, backordered, free):
    finding = found(STOCK_RISK.name, **still(on_hand=on_hand, backordered=backordered))[0]
    assert (finding.code, finding.measured) == ("OUT_OF_STOCK", free)


def test_a_projection_is_in_the_days_of_the_site():
    """Midnight UTC of the 25th is that day everywhere; 03:00 UTC is the 24th in Chicago."""
    late = due(14)[0] | {"promised_at": "2026-03-25T03:00:00Z"}
    for zone, after in (("America/Chicago", []), (None, ["RECEIPT_AFTER_HORIZON"])):
        case = {"on_hand": 900, "scheduled_receipts": [late], "time_zone": zone}
        assert codes(STOCK_RISK.name, **case) == after


SENTENCES = [
    (
        {"scheduled_receipts": due(14)},
        (
            "Runs out about 19 Mar: 120 on hand at 14.5 a day; 200 due 24 Mar; up to 68.5 short by "
            "23 Mar."
        ),
    ),
    (
        {"scheduled_receipts": due(2, 230), "on_hand": -7, "backordered": 7, "average_demand": 0.3},
        "Out of stock now, 7 owed, 230 due 12 Mar, 218.8 left in 14 days.",
    ),
    (
        {"scheduled_receipts": [], "on_hand": 3, "backordered": 4, "average_demand": 0},
        "Nothing free now: 3 on hand, 4 backordered, nothing on order, 1 short in 14 days.",
    ),
    (
        {"scheduled_receipts": [], "on_hand": 0, "average_demand": 0},
        "Out of stock now, nothing on order, no demand.",
    ),
    (
        {"scheduled_receipts": due(-2)},
        (
            "Runs out about 19 Mar: 120 on hand at 14.5 a day; 200 overdue since 8 Mar; up to 83 "
            "short by 24 Mar."
        ),
    ),
    (
        {"scheduled_receipts": [due(2)[0] | {"line_state": "cancelled"}]},
        (
            "Runs out about 19 Mar: 120 on hand at 14.5 a day; nothing on order, 200 cancelled; up "
            "to 83 short by 24 Mar."
        ),
    ),
    ({"scheduled_receipts": due(4)}, "Below the safety stock of 80 from 13 Mar: 120 on hand"),
]


@pytest.mark.parametrize(("changes", "sentence"), SENTENCES)
def test_a_stock_finding_says_when_how_much_and_what_is_due(changes, sentence):
    finding = found(STOCK_RISK.name, **changes)[0]
    assert finding.sentence.startswith(sentence)


SUGGESTED = [  # a receipt is to come forward only where that leaves no day short
    ({"scheduled_receipts": due(14)}, "Bring the 200 due 24 Mar forward to 19 Mar."),
    (
        {"scheduled_receipts": due(14, 10)},
        (
            "Move 73 in from another site, or order them for 19 Mar: no scheduled receipt covers it "
            "alone."
        ),
    ),
    (
        {"scheduled_receipts": due(-2)},
        "Get a new date for the 200 overdue since 8 Mar: they are needed by 19 Mar.",
    ),
    (
        {"scheduled_receipts": due(1, 300), "on_hand": -7},
        "Have the 300 due 11 Mar confirmed, and tell the customers who wait.",
    ),
    ({"scheduled_receipts": due(0, 300), "on_hand": 0}, "Have the 300 due today confirmed."),
    (
        {"scheduled_receipts": []},
        "Move 83 in from another site, or order them for 19 Mar: nothing is on order.",
    ),
    (
        {"scheduled_receipts": [], "on_order": 83},
        "Get a date for the 83 on order without one: 83 needed from 19 Mar on.",
    ),
    (
        {"scheduled_receipts": [], "on_order": 82},
        (
            "Move 83 in from another site, or order them for 19 Mar: no scheduled receipt covers it "
            "alone."
        ),
    ),
    (
        {"scheduled_receipts": [], "on_hand": 0, "average_demand": 0},
        "Check whether the item is still to be kept here: nothing is owed or short.",
    ),
    (
        {"scheduled_receipts": [], "on_hand": 0, "average_demand": None},
        "Check what demand to expect here, and order for it.",
    ),
]


@pytest.mark.parametrize(("changes", "suggestion"), SUGGESTED)
def test_only_what_cures_the_shortage_is_suggested(changes, suggestion):
    case = example_fields(STOCK_RISK.name, **changes)
    findings = found(STOCK_RISK.name, **changes)
    evidence = CATALOGUE[STOCK_RISK.name].evidence(case, findings, ASKED_AT, POLICY)
    assert evidence.suggestion == suggestion


MONEY = [  # the example costs 4.20 a unit
    ({"scheduled_receipts": due(14)}, 287.7),  # 68.5 short
    ({"scheduled_receipts": due(2)}, 348.6),  # 83 if it does not come
    ({"scheduled_receipts": [], "on_hand": 900}, 0.0),
    ({"scheduled_receipts": [], "average_demand": None}, None),
    ({"scheduled_receipts": [], "unit_cost": None}, None),
]


@pytest.mark.parametrize(("changes", "amount"), MONEY)
def test_money_at_risk_is_what_is_short(changes, amount):
    case = example_fields(STOCK_RISK.name, **changes)
    findings = found(STOCK_RISK.name, **changes)
    got, _ = CATALOGUE[STOCK_RISK.name].amount_at_risk(case, findings)
    assert got == (None if amount is None else pytest.approx(amount))


def said(kind, days, **more):
    row = {
        "event_kind": kind,
        "happened_at": "2026-03-01T00:00:00Z",
        "known_at": "2026-03-01T00:00:00Z",
    }
    return row | ({} if days is None else {"expected_at": f"2026-03-{days:02}T00:00:00Z"}) | more


OPEN = {"promised_at": "2026-03-20T00:00:00Z", "requested_at": "2026-03-22T00:00:00Z"}
DELAY = [
    (OPEN, []),
    ({}, ["PROMISE_PASSED"]),  # promised for 5 March, asked on the 10th
    ({"receipts": receipt(100)}, []),
    (OPEN | {"events": [said("asn", 21)]}, ["ASN_AFTER_PROMISE"]),
    (OPEN | {"events": [said("asn", 21), said("asn", 19)]}, []),  # the last word counts
    (OPEN | {"events": [said("revised_promise", 23)]}, ["REVISED_AFTER_NEED"]),
    (OPEN | {"events": [said("delay_notice", 21)]}, ["REVISED_AFTER_PROMISE"]),
    (OPEN | {"events": [said("acknowledgement", None, ack_status="IR")]}, ["SUPPLIER_REFUSED"]),
    (OPEN | {"events": [said("acknowledgement", None, ack_status="IA")]}, []),
]


@pytest.mark.parametrize(("changes", "expected"), DELAY)
def test_open_order_line(changes, expected):
    assert codes(SUPPLIER_DELAY.name, **({"events": []} | changes)) == expected
