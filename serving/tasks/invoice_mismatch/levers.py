"""Levers of an invoice line: missing receipt, order amendment, credit notes, tax.

Each is a fact that a person has to establish with a document of its own; no lever suggests that
the invoice itself should read otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from enum import StrEnum

from serving.tasks.invoice_mismatch.amounts import format_price
from serving.tasks.invoice_mismatch.documents import WITHOUT_QUANTITY, document_type, is_credit
from serving.tasks.invoice_mismatch.price_rules import price_gap
from serving.tasks.invoice_mismatch.quantities import (
    invoiced_quantities,
    receipt_is_expected,
    received_quantity,
)
from serving.tasks.lever import KNOWN_BEFORE_ASK, Lever, Record, format_units

MIN_DIFFERENCE = 0.005  # share, or half a cent: closer than this is not a difference
MAX_PRICE_RATIO = 1000.0  # further apart is another unit or a typing error, not another price
MAX_PRICE = 1e9  # of a base unit; more comes of a quantity of nearly nothing
AMOUNT_FIELDS = frozenset({"line_amount", "tax_amount"})


class InvoiceLever(StrEnum):
    """Names of the levers, as they are answered."""

    RECEIPT_POSTED = "RECEIPT_POSTED"
    ORDER_AMENDED = "ORDER_AMENDED"
    PRICE_CREDITED = "PRICE_CREDITED"
    QUANTITY_CREDITED = "QUANTITY_CREDITED"
    TAX_SETTLED = "TAX_SETTLED"
    FREIGHT_CREDITED = "FREIGHT_CREDITED"


def invoice_mismatch_levers(case: Record, asked_at: datetime) -> tuple[Lever, ...]:
    """List the levers of receipt, price, quantity, tax and freight that have a use."""
    return (
        *_receipt_lever(case, asked_at),
        *_price_levers(case),
        *_quantity_lever(case),
        *_tax_lever(case),
        *_freight_lever(case),
    )


def _yes_no_lever(
    name: InvoiceLever,
    title: str,
    fields: frozenset[str],
    change: Callable[[Record], Record],
    words: str,
    excludes: frozenset[str] = frozenset(),
) -> Lever:
    """Build a lever that is either pulled or not."""
    return Lever(
        name, title, fields, 1, "yes or no", lambda c, _: change(c), lambda _: words, excludes
    )


def _receipt_lever(case: Record, asked_at: datetime) -> Iterator[Lever]:
    quantities = invoiced_quantities(case)
    if case["po_line_id"] is None or quantities is None:
        return
    missing = float(quantities[1] - received_quantity(case))
    if missing <= 0 or is_credit(case) or not receipt_is_expected(case):
        return
    if document_type(case) in WITHOUT_QUANTITY:
        return
    known = asked_at - KNOWN_BEFORE_ASK
    clocks = {"happened_at": known, "known_at": known}
    row = {
        "quantity_received": missing,
        "quantity_damaged": 0.0,
        "posting_kind": None,
        "final": None,
        **clocks,
    }
    yield _yes_no_lever(
        InvoiceLever.RECEIPT_POSTED,
        "posting the missing receipt",
        frozenset({"receipts"}),
        lambda c: {**c, "receipts": [*c["receipts"], row]},
        f"the missing receipt of {format_units(missing)} were posted, the goods being there",
    )


def _price_levers(case: Record) -> Iterator[Lever]:
    gap = price_gap(case)
    if gap is None or is_credit(case) or gap.agreed <= 0 or gap.paid <= 0:
        return
    price, agreed = float(gap.paid), float(gap.agreed)
    if abs(price / agreed - 1) < MIN_DIFFERENCE or case["line_amount"] <= 0:
        return
    if price > MAX_PRICE or not 1 / MAX_PRICE_RATIO < price / agreed < MAX_PRICE_RATIO:
        return
    yield _yes_no_lever(
        InvoiceLever.ORDER_AMENDED,
        "amending the order's price",
        frozenset({"po_unit_price", "line_value"}),
        lambda c: {
            **c,
            "po_unit_price": price,
            "line_value": _multiply(c["line_value"], price / agreed),
        },
        f"the order were amended to {format_price(gap.paid)}, should that be what was agreed "
        f"(it says {format_price(gap.agreed)})",
    )
    if price > agreed:
        yield _yes_no_lever(
            InvoiceLever.PRICE_CREDITED,
            "a credit note over the price",
            AMOUNT_FIELDS | {"invoice_unit_price"},
            lambda c: (
                _scale_amounts(c, agreed / price)
                | {"invoice_unit_price": _multiply(c["invoice_unit_price"], agreed / price)}
            ),
            f"a credit note brought the price to the order's {format_price(gap.agreed)} "
            f"(invoiced at {format_price(gap.paid)})",
            frozenset({InvoiceLever.ORDER_AMENDED}),
        )


def _quantity_lever(case: Record) -> Iterator[Lever]:
    quantities = invoiced_quantities(case)
    if quantities is None or quantities[0] <= 0 or is_credit(case):
        return
    here, so_far = map(float, quantities)
    received = float(received_quantity(case)) if receipt_is_expected(case) else 0.0
    limits = {"received": received, "ordered": case["quantity_ordered"] or 0.0}
    word, limit = min(
        ((w, q) for w, q in limits.items() if q > 0), key=lambda one: one[1], default=("", 0.0)
    )
    allowed = limit - (so_far - here)
    if not 0 < allowed < here:
        return
    yield _yes_no_lever(
        InvoiceLever.QUANTITY_CREDITED,
        "a credit note over the quantity",
        AMOUNT_FIELDS | {"quantity_invoiced"},
        lambda c: (
            _scale_amounts(c, allowed / here)
            | {"quantity_invoiced": c["quantity_invoiced"] * allowed / here}
        ),
        f"a credit note brought the quantity to the {format_units(allowed)} {word} "
        f"(invoiced: {format_units(here)})",
        frozenset({InvoiceLever.RECEIPT_POSTED}),
    )


def _tax_lever(case: Record) -> Iterator[Lever]:
    rate, charged = case["tax_rate_expected"], case["tax_amount"]
    if rate is None or charged is None:
        return
    if abs(_tax_due(case, rate) - charged) < 2 * MIN_DIFFERENCE:
        return
    yield _yes_no_lever(
        InvoiceLever.TAX_SETTLED,
        "settling the tax",
        frozenset({"tax_amount"}),
        lambda c: {**c, "tax_amount": _tax_due(c, rate)},
        f"the tax were settled at the {rate:.1%} of the tax code (charged: {charged:,.2f})",
    )


def _tax_due(case: Record, rate: float) -> float:
    """Return the tax on goods and freight at a rate."""
    return round(float(case["line_amount"] + (case["freight_amount"] or 0.0)) * rate, 2)


def _freight_lever(case: Record) -> Iterator[Lever]:
    freight = case["freight_amount"]
    if not freight or freight < 0 or case["line_amount"] <= 0:
        return
    yield _yes_no_lever(
        InvoiceLever.FREIGHT_CREDITED,
        "a credit note over the freight",
        frozenset({"freight_amount", "tax_amount"}),
        lambda c: {
            **c,
            "freight_amount": 0.0,
            "tax_amount": _multiply(
                c["tax_amount"], c["line_amount"] / (c["line_amount"] + freight)
            ),
        },
        f"a credit note took back the freight of {freight:,.2f}",
    )


def _scale_amounts(case: Record, factor: float) -> dict[str, object]:
    """Multiply the amounts of a case by a factor; tax goes with the goods."""
    return {**case, **{name: _multiply(case[name], factor) for name in AMOUNT_FIELDS}}


def _multiply(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
