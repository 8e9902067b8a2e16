"""Invoice lines of the example, their earlier invoices and receipts, and what the rules find."""

from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from tests.support.synthetic_recommendations import ASKED_AT, CATALOGUE, POLICY, example_fields

TASK = CATALOGUE[INVOICE_MISMATCH.name]


def found(**changes):
    return TASK.rules(example_fields(INVOICE_MISMATCH.name, **changes), POLICY, ASKED_AT)


def codes(**changes):
    return [finding.code for finding in found(**changes)]


def line(quantity=100, price=4.2, amount=None, **more):
    """An invoice of goods at a price, with 19 % tax, as ordered by default."""
    net = round(quantity * (price or 0), 2) if amount is None else amount
    fields = {
        "quantity_invoiced": quantity,
        "invoice_unit_price": price,
        "line_amount": net,
        "tax_amount": None,
        "base_unit": "EA",
    }
    return fields | more


def earlier(number="2026-00417", amount=420.0, quantity=0.0, line="po-5521-2", **more):
    row = {
        "invoice_number": number,
        "po_line_id": line,
        "quantity_invoiced": quantity,
        "invoice_unit": "EA",
        "line_amount": amount,
        "happened_at": "2026-03-02T00:00:00Z",
        "known_at": "2026-03-04T00:00:00Z",
    }
    return row | more


def receipt(quantity, damaged=0, **more):
    row = {
        "quantity_received": quantity,
        "quantity_damaged": damaged,
        "happened_at": "2026-03-01T10:00:00Z",
        "known_at": "2026-03-01T15:30:00Z",
    }
    return row | more


def ordered(quantity, price, **more):
    return {
        "quantity_ordered": quantity,
        "po_unit_price": price,
        "line_value": round(quantity * price, 2),
        "receipts": [receipt(quantity)],
    } | more
