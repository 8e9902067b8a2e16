"""Duplicates that a clerk finds, and look-alikes that are none."""

import pytest

from tests.support.invoice_lines import codes, earlier, line
from tests.support.synthetic_recommendations import ASKED_AT

DUPLICATES = [
    (earlier(), True),
    (earlier("02026/00417 (copy)", line="po-9"), True),
    (earlier("2026-OO417", line=None), True),
    (earlier("2026-00418", line="po-9"), False),
    (earlier("2026-00417", 77.0, line="po-9"), False),  # another line of the document
    (earlier("2026-00417", 400.0), True),
    (earlier("2026-00417", happened_at="2026-02-01T00:00:00Z"), True),
    (earlier("2026-00417X", line=None), True),
    (earlier("2026-00417X"), False),  # an instalment: order and receipts cover both
    (earlier("2026-00417-2", line="po-9"), True),
    (earlier("RE 2026-00417", line="po-9"), True),
    (earlier("2026-00471", line="po-9"), True),  # two digits changed places
    (earlier("2026-00517", line="po-9"), False),
    (earlier("2026-00417X", quantity=100), True),
    (earlier("2O26-OO4I7", line="po-9"), True),  # letters that are read for digits
    (earlier("INVOICE 2026-00417", line="po-9"), True),
    (earlier("00417", line="po-9"), True),  # without its year
    (earlier("00418", line="po-9"), False),
    (earlier("2026-00417/26", line="po-9"), True),
    (earlier("2026-00417 Reprint", line="po-9"), True),
    (earlier("2026-00417", 402.0, line=None), True),  # digits changed places
    (earlier("2026-00417", 499.8, line="po-9"), True),  # with its tax
    (earlier("2026-00417", 424.2, line="po-9"), True),  # 1 %
    (earlier("2026-00417", 424.3, line="po-9"), False),
    (earlier("2026-00417", 424.2, line="po-9", happened_at="2026-02-01T00:00:00Z"), False),
    (earlier(known_at=ASKED_AT.isoformat()), False),  # one order line on two lines of a document
    (earlier(known_at=ASKED_AT.isoformat(), quantity=100), True),
    (earlier("7", quantity=100), True),
    (earlier("7", quantity=100, line="po-9"), False),
    (earlier(supplier_id="supplier_18", line=None), True),
    (earlier(supplier_id="supplier_18", amount=99.0), False),
    (earlier(known_at="2025-01-01T00:00:00Z"), False),
    (earlier(invoice_line_id="inv-88123-1"), False),
    (earlier(invoice_id="inv-88123", invoice_line_id="inv-88123-2", line="po-9"), False),
    (earlier(known_at=ASKED_AT.isoformat(), line="po-9"), False),  # booked in one go
    (earlier(amount=-420.0), False),
]


@pytest.mark.parametrize(("row", "expected"), DUPLICATES)
def test_an_invoice_that_was_booked_before_is_found(row, expected):
    assert ("DUPLICATE" in codes(**line(earlier_invoices=[row], tax_amount=79.8))) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("4711A", "4711B", False),  # parts of one delivery
        ("4711A", "4711", True),
        ("4711-1", "4711-2", False),
        ("INV 4711", "INVOICE 4711", True),
        ("RG 4711", "GS 4711", False),
        ("3/2026", "3/2025", False),
        ("4711/2026", "4711/26", False),
        ("4711/2026", "4711", True),
    ],
)
def test_numbers_that_are_nearly_the_same_are_those_of_one_invoice(one, other, expected):
    booked = [earlier(other, line="po-9")]
    assert ("DUPLICATE" in codes(**line(invoice_number=one, earlier_invoices=booked))) is expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(1, {}), (-1, {})], False),
        ([(1, {}), (-1, {}), (1, {})], True),
        ([(1, {"invoice_line_id": "x"}), (-1, {"reverses_line_id": "x", "number": "ST"})], False),
        ([(1, {"invoice_line_id": "x"}), (-1, {"reverses_line_id": "y"})], True),
        ([(1, {}), (-0.5, {})], True),
        ([(1, {"line": None}), (-1, {"line": None, "number": "other"})], True),
    ],
)
def test_what_was_reversed_may_be_entered_again(rows, expected):
    booked = [
        earlier(**({"amount": 420.0 * sign, "quantity": 100.0 * sign} | more))
        for sign, more in rows
    ]
    assert ("DUPLICATE" in codes(**line(earlier_invoices=booked))) is expected


def test_equal_halves_of_an_order_are_instalments_until_it_is_used_up():
    half = earlier("7", 210.0, 50)
    assert codes(**line(50, earlier_invoices=[half])) == []
    assert "DUPLICATE" in codes(**line(50, earlier_invoices=[half, half]))
