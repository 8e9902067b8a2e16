"""Findings of the rules, as tables: changes to the example case and the findings."""

from datetime import timedelta

import pytest

from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from tests.support.synthetic_recommendations import ASKED_AT, CATALOGUE, POLICY, example_fields


def found(task, **changes):
    return CATALOGUE[task].rules(example_fields(task, **changes), POLICY, ASKED_AT)


def codes(task, **changes):
    return [finding.code for finding in found(task, **changes)]


def earlier(**changes):
    row = {
        "invoice_number": "2026-00417",
        "po_line_id": "po-5521-2",
        "quantity_invoiced": 0.0,
        "invoice_unit": "EA",
        "line_amount": 462.0,
        "happened_at": "2026-02-20T00:00:00Z",
        "known_at": "2026-02-20T00:00:00Z",
    }
    return [row | changes]


def receipt(quantity, damaged=0):
    return [
        {
            "quantity_received": quantity,
            "quantity_damaged": damaged,
            "happened_at": "2026-03-01T10:00:00Z",
            "known_at": "2026-03-01T15:30:00Z",
        }
    ]


AT_PRICE = {"invoice_unit_price": 4.2, "line_amount": 420.0, "tax_amount": 79.8}
PACKS = {"base_unit": "EA", "order_unit": "EA", "invoice_unit": "BOX", "quantity_invoiced": 10}

INVOICE = [
    (AT_PRICE, []),
    ({}, ["PRICE_VARIANCE"]),  # 4.62 instead of 4.2
    (AT_PRICE | {"invoice_unit_price": 4.28}, []),  # 1.9 % and 8.00
    (AT_PRICE | {"invoice_unit_price": 4.29}, ["PRICE_VARIANCE"]),
    (AT_PRICE | {"invoice_unit_price": 3.9}, ["PRICE_VARIANCE"]),
    (AT_PRICE | {"po_line_id": None}, ["PO_REFERENCE"]),
    (AT_PRICE | {"receipts": []}, ["NO_RECEIPT"]),
    (AT_PRICE | {"receipts": receipt(80)}, ["QTY_OVER_RECEIVED"]),
    (AT_PRICE | {"receipts": receipt(100, 5)}, ["QUALITY_HOLD"]),
    (AT_PRICE | {"quantity_ordered": 90}, ["QTY_OVER_ORDERED"]),
    (AT_PRICE | {"tax_amount": 84.0}, ["TAX_VARIANCE"]),
    (AT_PRICE | {"freight_amount": 21.0}, []),
    (AT_PRICE | {"freight_amount": 21.1}, ["FREIGHT_CHARGES"]),
    (AT_PRICE | {"po_currency": "USD"}, ["CURRENCY_RATE"]),
    (AT_PRICE | {"document_at": "2026-01-15T00:00:00Z"}, ["DATE_VARIANCE"]),
    (AT_PRICE | {"line_amount": 50_001, "tax_amount": None}, ["AMOUNT_LIMIT"]),
    (AT_PRICE | PACKS | {"pack_size": 10, "invoice_unit_price": 42.0}, ["UNIT_OF_MEASURE"]),
    (AT_PRICE | PACKS, ["UNIT_OF_MEASURE", "NOT_COMPUTED"]),
    (AT_PRICE | {"earlier_invoices": earlier(line_amount=420.0)}, ["DUPLICATE"]),
    (AT_PRICE | {"earlier_invoices": earlier(invoice_number="0-2026/00417")}, ["DUPLICATE"]),
    (AT_PRICE | {"earlier_invoices": earlier(invoice_number="7", line_amount=420)}, ["DUPLICATE"]),
    (AT_PRICE | {"earlier_invoices": earlier(invoice_number="7")}, []),
    (AT_PRICE | {"earlier_invoices": earlier(po_line_id="po-1")}, []),
    (AT_PRICE | {"earlier_invoices": earlier(known_at="2025-01-01T00:00:00Z")}, []),
    (
        AT_PRICE | {"earlier_invoices": earlier(invoice_number="7", quantity_invoiced=20)},
        ["QTY_OVER_ORDERED", "QTY_OVER_RECEIVED"],
    ),
]


@pytest.mark.parametrize(("changes", "expected"), INVOICE)
def test_invoice_line(changes, expected):
    assert codes(INVOICE_MISMATCH.name, **changes) == expected


def test_a_price_variance_says_numbers_and_the_erps_words():
    (finding,) = found(INVOICE_MISMATCH.name)
    assert finding.sentence == (
        "The price of 4.62 is 10.0% above the order's 4.2 (42 EUR on the line); 2.0% is allowed."
    )
    assert (finding.sap, finding.oracle, finding.role) == ("PP, PS / SPGRP", "Price", "procurement")
    assert finding.measured == pytest.approx(0.1)
    assert finding.limit == 0.02


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"po_unit_price": 5e-324}, "PRICE_VARIANCE"),
        (AT_PRICE | {"quantity_ordered": 5e-324}, "QTY_OVER_ORDERED"),
        (AT_PRICE | {"receipts": receipt(5e-324)}, "QTY_OVER_RECEIVED"),
    ],
)
def test_ratios_to_a_tiny_amount_stay_finite(changes, code):
    by_code = {finding.code: finding for finding in found(INVOICE_MISMATCH.name, **changes)}
    assert 1e14 < by_code[code].measured <= 1e15


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
