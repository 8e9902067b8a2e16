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
STOCK = [
    ({"scheduled_receipts": due(10)}, []),  # 117 left
    ({"scheduled_receipts": due(14)}, []),  # the last day counts
    ({"scheduled_receipts": due(15)}, ["PROJECTED_SHORTAGE", "RECEIPT_AFTER_HORIZON"]),
    ({"scheduled_receipts": []}, ["PROJECTED_SHORTAGE"]),
    ({"scheduled_receipts": due(10, 120)}, ["BELOW_SAFETY_STOCK"]),
    ({"scheduled_receipts": due(-2)}, ["RECEIPT_OVERDUE"]),
    ({"scheduled_receipts": due(10), "on_hand": 0}, ["OUT_OF_STOCK", "PROJECTED_SHORTAGE"]),
    ({"scheduled_receipts": due(10), "average_demand": None}, ["NOT_COMPUTED"]),
]


@pytest.mark.parametrize(("changes", "expected"), STOCK)
def test_stock(changes, expected):
    assert codes(STOCK_RISK.name, **changes) == expected


def test_a_projected_shortage_says_how_it_was_computed():
    finding = found(STOCK_RISK.name, scheduled_receipts=[])[0]
    assert finding.measured == -83.0
    assert finding.sentence == (
        "In 14 days the balance is -83, below zero: on hand - owed + receipts promised by "
        "2026-03-24 - 14.5 a day."
    )


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
