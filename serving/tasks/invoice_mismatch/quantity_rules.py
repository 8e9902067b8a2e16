"""Rules on the quantity of an invoice line: units, ordered, received, returned and credited."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from data.contracts.invoice_outcomes import ExceptionClass as Ends
from data.decimals import ZERO, decimal_of, sum_decimals
from serving.policy.finding import NOT_COMPUTED, Finding, bounded_ratio, finding_of_class
from serving.policy.policy import Policy
from serving.recommendation.wording import short_date
from serving.tasks.invoice_mismatch.amounts import (
    agreed_price,
    document_day,
    format_quantity,
    goods_amount,
    minor_unit,
)
from serving.tasks.invoice_mismatch.documents import (
    WITHOUT_QUANTITY,
    Case,
    document_type,
    is_credit,
    is_reversal,
    without_reversed,
)
from serving.tasks.invoice_mismatch.price_rules import is_price_credit, price_gap
from serving.tasks.invoice_mismatch.quantities import (
    MOST_DIGITS,
    base_units_per_invoice_unit,
    conversion_slack,
    earlier_on_line,
    entered_quantity,
    in_base_units,
    invoiced_quantities,
    is_service,
    is_unknown_order,
    receipt_is_expected,
    received_quantity,
    returned_quantity,
)

SAME_PRICE = Decimal("0.02")  # share that the price may move and still be one pack off
PACK_PLACES = Decimal("0.001")
LEAST_SHARE = 0.0005  # less is not said in percent
LEAST_FACTOR = Decimal("1.5")  # packs smaller than this cannot be told from a price variance


def check_unit(case: Case, policy: Policy, factor: Decimal | None) -> Iterator[Finding]:
    """Find a unit that cannot be converted, or that is not the one that was counted in.

    factor: by which the unit is wrong, see `mixed_up_by`.
    """
    invoiced = case["invoice_unit"]
    if document_type(case) in WITHOUT_QUANTITY:
        return
    if factor is not None:
        pack = format_quantity(max(factor, 1 / factor).quantize(PACK_PLACES))
        meant = f"packs of {pack}" if factor > 1 else f"single units, not of packs of {pack}"
        says = (
            f"The unit {invoiced or 'on the invoice'} does not fit: price and quantity are those "
            f"of {meant}."
        )
        yield finding_of_class(policy, Ends.UNIT_OF_MEASURE, says)
    if base_units_per_invoice_unit(case) is not None:
        return
    base = case["base_unit"] or case["order_unit"]
    if not _agrees_as_written(case):
        says = f"Invoiced in {invoiced}, ordered in {base}; price or quantity do not agree."
        yield finding_of_class(policy, Ends.UNIT_OF_MEASURE, says)
    says = (
        f"Price and quantity were not compared: how many {base} one {invoiced} holds is not known."
    )
    yield Finding(code=NOT_COMPUTED, sentence=says, role=policy.classes[Ends.UNIT_OF_MEASURE].role)


def mixed_up_by(case: Case) -> Decimal | None:
    """Return the factor by which the unit is wrong: a pack billed as a piece, or a piece as a pack.

    The price is the order's times or divided by a pack of the item, and the quantity fits the
    order only when it is counted so. None where nothing of the kind is seen.
    """
    if document_type(case) in WITHOUT_QUANTITY:
        return None
    quantities, gap, ordered = invoiced_quantities(case), price_gap(case), case["quantity_ordered"]
    if quantities is None or gap is None or not gap.agreed or not ordered or is_credit(case):
        return None
    if 1 / LEAST_FACTOR < gap.paid / gap.agreed < LEAST_FACTOR:
        return None
    here, so_far = quantities
    sizes = [case["pack_size"], *(row["base_units"] for row in case.get("item_units") or ())]
    received = received_quantity(case)
    likely = round(gap.paid / gap.agreed)  # packs that nobody stated, where they fit exactly
    if likely > 1 and so_far - here + here * likely == decimal_of(ordered) and received > so_far:
        sizes.append(likely)
    for size in {decimal_of(size) for size in sizes if size}:
        for factor in (size, 1 / size if size else ZERO):
            if not factor or 1 / LEAST_FACTOR < factor < LEAST_FACTOR:
                continue
            one_price = abs(gap.paid / gap.agreed / factor - 1) <= SAME_PRICE
            fits = so_far - here + here * factor <= decimal_of(ordered)
            if one_price and fits and (factor > 1 or so_far > decimal_of(ordered)):
                return factor
    return None


def _agrees_as_written(case: Case) -> bool:
    """Return true if price and quantity, or the amount, agree with the order unconverted."""
    agreed, ordered = agreed_price(case), case["quantity_ordered"]
    quantity, goods = decimal_of(case["quantity_invoiced"]), goods_amount(case)
    if agreed is None or ordered is None:
        return False
    rows = earlier_on_line(case)
    same_amount = abs(goods - agreed * decimal_of(ordered)) <= minor_unit(case)
    so_far = quantity + sum_decimals(row["quantity_invoiced"] for row in rows)
    same_price = abs(goods - agreed * quantity) <= max(
        minor_unit(case), SAME_PRICE * abs(agreed * quantity)
    )
    return (same_amount and not rows) or (same_price and so_far <= decimal_of(ordered))


def check_quantity_ordered(case: Case, policy: Policy) -> Iterator[Finding]:
    """Find more invoiced than ordered, earlier invoices on the order line included."""
    bills_a_quantity = not is_credit(case) and document_type(case) not in WITHOUT_QUANTITY
    if case["quantity_ordered"] is None or not bills_a_quantity:
        return
    allowed = policy.tolerances.quantity_over_ordered_share
    ordered = decimal_of(case["quantity_ordered"])
    yield from _quantity_over(case, policy, Ends.QTY_OVER_ORDERED, ordered, allowed)


def check_receipts(
    case: Case, policy: Policy, asked_at: datetime, *, compared: bool
) -> Iterator[Finding]:
    """Find nothing received, more invoiced than received, or goods received damaged.

    compared: whether the invoiced quantity can be compared, as it is not of a wrong unit.
    """
    if case["po_line_id"] is None or document_type(case) in WITHOUT_QUANTITY:
        return
    if is_credit(case):
        yield from _check_credit(case, policy)
        return
    received, returned = received_quantity(case), returned_quantity(case)
    if receipt_is_expected(case):
        if received + returned <= ZERO:
            if is_unknown_order(case):
                return
            day = document_day(case["promised_at"], case)
            due = "" if day is None else f", promised for {short_date(day, asked_at.date())}"
            says = f"No goods receipt is posted for the order line{due}."
            yield finding_of_class(policy, Ends.NO_RECEIPT, says)
            return
        allowed = policy.tolerances.quantity_over_received_share
        if compared:
            yield from _quantity_over(case, policy, Ends.QTY_OVER_RECEIVED, received, allowed)
    elif is_service(case) and compared:
        confirmed = entered_quantity(case) or received
        if confirmed > ZERO:
            allowed = policy.tolerances.quantity_over_received_share
            yield from _quantity_over(case, policy, Ends.QTY_OVER_RECEIVED, confirmed, allowed)
    damaged = sum_decimals(row["quantity_damaged"] for row in case["receipts"]) - returned
    if damaged > 0 and received > 0:
        says = (
            f"{format_quantity(damaged)} of {format_quantity(received)} received damaged or "
            "held for quality."
        )
        yield finding_of_class(
            policy, Ends.QUALITY_HOLD, says, measured=float(damaged), limit=0.0, unit="base units"
        )


def _quantity_over(
    case: Case, policy: Policy, name: Ends, against: Decimal, allowed: float
) -> Iterator[Finding]:
    """Find more invoiced than ordered or received. against: that quantity, in base units."""
    quantities = invoiced_quantities(case)
    if quantities is None or quantities[0] <= 0:
        return
    here, so_far = quantities
    if so_far - conversion_slack(case) <= against * (1 + decimal_of(allowed)):
        return
    earlier = f" ({_in_base_units(so_far - here)} of it before)" if so_far > here else ""
    verb = "received" if receipt_is_expected(case) else "confirmed"
    verb = "ordered" if name is Ends.QTY_OVER_ORDERED else verb
    returned = returned_quantity(case)
    sent_back = (
        f" ({format_quantity(returned)} returned)" if returned and verb == "received" else ""
    )
    over, unit = float(so_far - against), "base units"
    more = f"{_in_base_units(so_far - against)} too many"
    if against > 0:
        over, unit = bounded_ratio(float(so_far - against), float(against)), "share"
        more = f"{over:,.1%} more" if over >= LEAST_SHARE else more
    says = (
        f"{_in_base_units(so_far)} invoiced{_as_billed(case)}{earlier}, "
        f"{format_quantity(against)} {verb}{sent_back}: {more}."
    )
    limit = allowed if against > 0 else 0.0
    yield finding_of_class(policy, name, says, measured=over, limit=limit, unit=unit)


def _in_base_units(quantity: Decimal) -> str:
    """Write a quantity, with the digits of one that was converted only where it is small."""
    is_large = 0 <= quantity.adjusted() < MOST_DIGITS
    return format_quantity(quantity.quantize(PACK_PLACES) if is_large else quantity)


def _as_billed(case: Case) -> str:
    """Write the quantity in the unit of the invoice, where that is not the base unit."""
    if base_units_per_invoice_unit(case) == 1:
        return ""
    return f" ({format_quantity(case['quantity_invoiced'])} {case['invoice_unit']} here)"


def _check_credit(case: Case, policy: Policy) -> Iterator[Finding]:
    """Find more credited than was returned or billed too much, or than was ever invoiced."""
    quantities = invoiced_quantities(case)
    if quantities is None or is_reversal(case) or is_price_credit(case):
        return
    if quantities[0] * goods_amount(case) <= 0:  # no quantity, or signs that do not agree
        return
    rows = without_reversed(earlier_on_line(case), by_line=False)
    each = [in_base_units(case, row) for row in rows]
    invoiced = sum((one for one in each if one > 0), ZERO)
    credited = abs(quantities[0]) - sum((one for one in each if one < 0), ZERO)
    returned, kept = returned_quantity(case), received_quantity(case)
    if case["quantity_ordered"] is not None:
        kept = min(kept, decimal_of(case["quantity_ordered"]))
    if receipt_is_expected(case) and credited > max(returned, invoiced - kept):
        says = f"{format_quantity(credited)} credited, {format_quantity(returned)} returned."
        yield _credit_finding(policy, Ends.QTY_OVER_RECEIVED, says, credited - returned)
    if rows and credited > invoiced:
        says = f"{format_quantity(credited)} credited, {format_quantity(invoiced)} ever invoiced."
        yield _credit_finding(policy, Ends.QTY_OVER_ORDERED, says, credited - invoiced)


def _credit_finding(policy: Policy, name: Ends, says: str, over: Decimal) -> Finding:
    return finding_of_class(policy, name, says, measured=float(over), limit=0.0, unit="base units")
