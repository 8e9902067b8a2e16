"""Rules of an invoice line: three-way match of invoice, order and receipts within tolerances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from data.contracts.invoice_outcomes import ExceptionClass as Ends
from serving.policy.finding import (
    NOT_COMPUTED,
    Finding,
    bounded_ratio,
    finding_of_class,
    format_amount,
)
from serving.policy.policy import Policy
from serving.tasks.invoice_mismatch.duplicates import find_duplicate

Case = Mapping[str, Any]


def invoice_mismatch_findings(case: Case, policy: Policy, asked_at: datetime) -> list[Finding]:
    """Run all checks, in the order in which a clerk would make them."""
    return [
        *check_order_reference(case, policy),
        *find_duplicate(case, policy, asked_at),
        *check_currency(case, policy),
        *check_unit(case, policy),
        *check_price(case, policy),
        *check_quantity_ordered(case, policy),
        *check_receipts(case, policy),
        *check_dates(case, policy),
        *check_amount_limit(case, policy),
        *check_tax(case, policy),
        *check_freight(case, policy),
    ]


def base_units_per_invoice_unit(case: Case, unit: str | None = None) -> float | None:
    """Return the base units in one invoice unit; None where that cannot be known.

    A unit other than the item's is taken to be a pack, as the features take it.

    unit: of an earlier invoice; the case's own by default.
    """
    invoiced = unit or case["invoice_unit"]
    base = case["base_unit"] or case["order_unit"]
    if invoiced is None or base is None or invoiced == base:
        return 1.0
    return case["pack_size"] or None


def invoiced_quantities(case: Case) -> tuple[float, float] | None:
    """Return the quantity of this line, and of it and all earlier ones on its order line.

    None where the units of the line cannot be converted.
    """
    factor = base_units_per_invoice_unit(case)
    if factor is None:
        return None
    here = case["quantity_invoiced"] * factor
    earlier = [
        row["quantity_invoiced"] * (base_units_per_invoice_unit(case, row["invoice_unit"]) or 1.0)
        for row in case["earlier_invoices"]
        if row["po_line_id"] is not None and row["po_line_id"] == case["po_line_id"]
    ]
    return here, here + sum(earlier)


def check_quantity_ordered(case: Case, policy: Policy) -> Iterator[Finding]:
    """Find more invoiced than ordered, earlier invoices on the order line included."""
    allowed = policy.tolerances.quantity_over_ordered_share
    if case["quantity_ordered"]:
        yield from _quantity_over(
            case, policy, Ends.QTY_OVER_ORDERED, case["quantity_ordered"], allowed
        )


def check_receipts(case: Case, policy: Policy) -> Iterator[Finding]:
    """Find nothing received, more invoiced than received, or goods received damaged."""
    if case["po_line_id"] is None:
        return
    received = sum(row["quantity_received"] for row in case["receipts"])
    if received <= 0:
        yield finding_of_class(
            policy, Ends.NO_RECEIPT, "No goods receipt is posted for the order line."
        )
        return
    allowed = policy.tolerances.quantity_over_received_share
    yield from _quantity_over(case, policy, Ends.QTY_OVER_RECEIVED, received, allowed)
    damaged = sum(row["quantity_damaged"] or 0 for row in case["receipts"])
    if damaged > 0:
        says = (
            f"{format_amount(damaged)} of {format_amount(received)} received are damaged or "
            "held for quality."
        )
        yield finding_of_class(
            policy, Ends.QUALITY_HOLD, says, measured=damaged, limit=0.0, unit="base units"
        )


def _quantity_over(
    case: Case, policy: Policy, name: Ends, against: float, allowed: float
) -> Iterator[Finding]:
    """Find more invoiced than ordered or received. against: that quantity, in base units."""
    quantities = invoiced_quantities(case)
    if quantities is None or quantities[0] <= 0:
        return
    here, so_far = quantities
    over = bounded_ratio(so_far, against) - 1
    if over > allowed:
        earlier = f" ({format_amount(so_far - here)} of it before)" if so_far > here else ""
        verb = "ordered" if name is Ends.QTY_OVER_ORDERED else "received"
        says = (
            f"{format_amount(so_far)} invoiced{earlier}, {format_amount(against)} {verb}: "
            f"{over:.1%} more."
        )
        yield finding_of_class(policy, name, says, measured=over, limit=allowed, unit="share")


def check_order_reference(case: Case, policy: Policy) -> Iterator[Finding]:
    """Find a line that names no order, so that it cannot be matched."""
    if case["po_line_id"] is None:
        says = "The line names no purchase order line, so nothing can be matched against it."
        yield finding_of_class(policy, Ends.PO_REFERENCE, says)


def check_currency(case: Case, policy: Policy) -> Iterator[Finding]:
    """Find another currency on the invoice than on the order."""
    invoiced, agreed = case["currency"], case["po_currency"]
    if invoiced and agreed and invoiced != agreed:
        says = f"Invoiced in {invoiced}, ordered in {agreed}."
        yield finding_of_class(policy, Ends.CURRENCY_RATE, says)


def check_unit(case: Case, policy: Policy) -> Iterator[Finding]:
    """Find another unit on the invoice than on the order, and one that cannot be converted."""
    invoiced, ordered_in = case["invoice_unit"], case["order_unit"]
    if invoiced and ordered_in and invoiced != ordered_in:
        says = f"Invoiced in {invoiced}, ordered in {ordered_in}."
        yield finding_of_class(policy, Ends.UNIT_OF_MEASURE, says)
    if base_units_per_invoice_unit(case) is None:
        says = (
            f"Price and quantity were not compared: how many base units one {invoiced} holds "
            "is not known."
        )
        yield Finding(
            code=NOT_COMPUTED,
            sentence=says,
            role=policy.classes[Ends.UNIT_OF_MEASURE].role,
        )


def check_price(case: Case, policy: Policy) -> Iterator[Finding]:
    """Find a price of a base unit that differs from the order's beyond share and amount."""
    factor, agreed, charged = (
        base_units_per_invoice_unit(case),
        case["po_unit_price"],
        case["invoice_unit_price"],
    )
    same_currency = case["currency"] is None or case["po_currency"] in (None, case["currency"])
    if factor is None or not agreed or charged is None or not same_currency:
        return
    paid, bounds = bounded_ratio(charged, factor), policy.tolerances
    over = (paid - agreed) * abs(case["quantity_invoiced"]) * factor
    share = bounded_ratio(paid, agreed) - 1
    line = f"{format_amount(abs(over))} {case['currency'] or ''}".strip()
    against = f"the order's {format_amount(agreed)} ({line} on the line)"
    if share > bounds.price_above_share and over > bounds.price_above_amount:
        limit, way = bounds.price_above_share, "above"
    elif share < -bounds.price_below_share:
        limit, way = bounds.price_below_share, "below"
    else:
        return
    says = (
        f"The price of {format_amount(paid)} is {abs(share):.1%} {way} {against}; "
        f"{limit:.1%} is allowed."
    )
    signed = limit if way == "above" else -limit
    yield finding_of_class(
        policy, Ends.PRICE_VARIANCE, says, measured=share, limit=signed, unit="share"
    )


def check_dates(case: Case, policy: Policy) -> Iterator[Finding]:
    """Find an invoice dated long before the goods are promised."""
    dated, due, allowed = (
        case["document_at"],
        case["promised_at"],
        policy.tolerances.invoice_ahead_days,
    )
    if dated is None or due is None:
        return
    ahead = (due - dated).total_seconds() / 86_400
    if ahead > allowed:
        says = f"Dated {ahead:.0f} days before the promised delivery; {allowed:.0f} are allowed."
        yield finding_of_class(
            policy, Ends.DATE_VARIANCE, says, measured=ahead, limit=allowed, unit="days"
        )


def check_amount_limit(case: Case, policy: Policy) -> Iterator[Finding]:
    """Find an amount above the limit of a line."""
    limit = policy.tolerances.amount_limit
    if abs(case["line_amount"]) > limit:
        says = (
            f"The line of {format_amount(case['line_amount'])} is above the limit of "
            f"{format_amount(limit)}."
        )
        yield finding_of_class(
            policy,
            Ends.AMOUNT_LIMIT,
            says,
            measured=case["line_amount"],
            limit=limit,
            unit="currency",
        )


def check_tax(case: Case, policy: Policy) -> Iterator[Finding]:
    """Find tax that differs from what the order's tax code implies."""
    charged, rate, allowed = (
        case["tax_amount"],
        case["tax_rate_expected"],
        policy.tolerances.tax_amount,
    )
    if charged is None or rate is None:
        return
    expected = rate * case["line_amount"]
    if abs(charged - expected) > allowed:
        says = (
            f"Tax of {format_amount(charged)} charged; {rate:.1%} of the line is "
            f"{format_amount(expected)}."
        )
        yield finding_of_class(
            policy,
            Ends.TAX_VARIANCE,
            says,
            measured=charged - expected,
            limit=allowed,
            unit="currency",
        )


def check_freight(case: Case, policy: Policy) -> Iterator[Finding]:
    """Find freight beyond the allowed share of the line."""
    charged, allowed = case["freight_amount"], policy.tolerances.freight_share
    if charged and charged > allowed * abs(case["line_amount"]):
        says = (
            f"Freight of {format_amount(charged)} on a line of "
            f"{format_amount(case['line_amount'])}; "
            f"{allowed:.1%} of the line is allowed."
        )
        limit = allowed * abs(case["line_amount"])
        yield finding_of_class(
            policy, Ends.FREIGHT_CHARGES, says, measured=charged, limit=limit, unit="currency"
        )
