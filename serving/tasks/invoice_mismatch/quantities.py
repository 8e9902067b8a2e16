"""Quantities of an invoice line in base units: invoiced so far, received, returned, confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from re import IGNORECASE, search

from data.contracts.receipts import PostingKind
from data.contracts.supplier_events import EventKind
from data.decimals import ZERO, decimal_of, half_last_digit, sum_decimals
from features.tasks.invoice_mismatch.base_units import base_units_in
from serving.tasks.invoice_mismatch.documents import (
    WITHOUT_QUANTITY,
    Case,
    document_type,
    is_same_document,
)

QUANTITY_PLACES = Decimal("0.000001")
MOST_DIGITS = 20
SHARE_PLACES = Decimal("0.0001")
ONE = Decimal(1)
SERVICE = r"service|dienstleistung|\blimit\b"
NO_RECEIPT_EXPECTED = rf"(\b|_)(2|two)[-_ ]?way|consignment|{SERVICE}"


def base_units_per_invoice_unit(case: Case, unit: str | None = None) -> Decimal | None:
    """Return the base units in one invoice unit; None where that cannot be known.

    unit: of an earlier invoice; the case's own by default.
    """
    packs = {row["unit"]: row["base_units"] for row in case.get("item_units") or ()}
    base = case["base_unit"] or case["order_unit"]
    factor = base_units_in(unit or case["invoice_unit"], base, case["pack_size"], packs)
    return None if factor is None else _exact_share(factor)


def _exact_share(factor: Decimal) -> Decimal:
    """Return a sixth where an item's table has 0.166667 of a base unit."""
    if not 0 < factor < 1:
        return factor
    whole = round(1 / factor)
    return 1 / Decimal(whole) if abs(1 / factor - whole) < SHARE_PLACES * whole else factor


def conversion_slack(case: Case) -> Decimal:
    """Return by how many base units the invoiced quantity may be rounded where it is converted.

    A weight that is billed in pounds is rounded there: 220.46 lb are 100 kg.
    """
    rows = [case, *earlier_on_line(case)]
    factors = [base_units_per_invoice_unit(case, row["invoice_unit"]) or ONE for row in rows]
    return sum(
        (
            half_last_digit(row["quantity_invoiced"]) * factor
            for row, factor in zip(rows, factors, strict=True)
            if factor % 1
        ),
        ZERO,
    )


def in_base_units(case: Case, row: Case) -> Decimal:
    """Return the quantity of a line in base units, as it is written where they are not known."""
    factor = base_units_per_invoice_unit(case, row["invoice_unit"]) or Decimal(1)
    quantity = decimal_of(row["quantity_invoiced"]) * factor
    if quantity.adjusted() >= MOST_DIGITS:  # beyond what decimals are rounded at
        return quantity
    return quantity.quantize(QUANTITY_PLACES).normalize()


def earlier_on_line(case: Case) -> Sequence[Case]:
    """Return the earlier lines on the order line that bill or credit a quantity."""
    return [
        row
        for row in case["earlier_invoices"]
        if case["po_line_id"] is not None
        and row["po_line_id"] == case["po_line_id"]
        and document_type(row) not in WITHOUT_QUANTITY
        and not is_same_document(case, row)
    ]


def invoiced_quantities(case: Case) -> tuple[Decimal, Decimal] | None:
    """Return the quantity of this line, and of it and all earlier ones on its order line.

    None where the units of the line cannot be converted.
    """
    if base_units_per_invoice_unit(case) is None:
        return None
    here = in_base_units(case, case)
    return here, here + sum((in_base_units(case, row) for row in earlier_on_line(case)), ZERO)


def is_unknown_order(case: Case) -> bool:
    """Return true if the line names an order line of which nothing is known here."""
    facts = ("quantity_ordered", "po_unit_price", "line_value", "ordered_at", "promised_at")
    unknown = all(case[name] is None for name in facts) and not case["receipts"]
    return case["po_line_id"] is not None and unknown


def receipt_is_expected(case: Case) -> bool:
    """Return true if a receipt is due: not for two-way lines, services and consignment."""
    kinds = f"{case['line_type'] or ''} {case['order_type'] or ''}"
    entered = any(row["event_kind"] == EventKind.SERVICE_ENTRY for row in case["events"])
    return not entered and search(NO_RECEIPT_EXPECTED, kinds, IGNORECASE) is None


def is_service(case: Case) -> bool:
    """Return true if the line is for a service, which is received by its service entry."""
    kinds = f"{case['line_type'] or ''} {case['order_type'] or ''}"
    return search(SERVICE, kinds, IGNORECASE) is not None


def entered_quantity(case: Case) -> Decimal:
    """Return what service entries confirm; an entry that is sent again is one entry."""
    entries = {
        (row.get("message_number") or row["happened_at"], row["event_quantity"])
        for row in case["events"]
        if row["event_kind"] == EventKind.SERVICE_ENTRY and row["event_quantity"] is not None
    }
    return sum_decimals(quantity for _, quantity in entries)


def received_quantity(case: Case) -> Decimal:
    """Return what was received and kept; a reversed receipt never was."""
    return sum_decimals(row["quantity_received"] for row in case["receipts"])


def returned_quantity(case: Case) -> Decimal:
    """Return what was sent back to the supplier."""
    return -sum_decimals(
        row["quantity_received"]
        for row in case["receipts"]
        if row["quantity_received"] < 0 and row.get("posting_kind") != PostingKind.REVERSAL
    )
