"""Rules on the price of an invoice line: what is paid for a base unit against the order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from data.contracts.invoice_outcomes import ExceptionClass as Ends
from data.contracts.invoices import DocumentType
from data.decimals import ZERO, decimal_of, sum_decimals
from data.reference.currencies import currency_code
from serving.policy.finding import Finding, bounded_ratio, finding_of_class
from serving.policy.policy import Policy
from serving.tasks.invoice_mismatch.amounts import (
    HALF,
    agreed_price,
    format_price,
    goods_amount,
    minor_unit,
    money,
    own_money,
    reporting_rate,
)
from serving.tasks.invoice_mismatch.documents import (
    WITHOUT_QUANTITY,
    Case,
    document_type,
    is_credit,
    is_reversal,
    is_same_document,
    prepaid_amount,
    without_reversed,
)
from serving.tasks.invoice_mismatch.line_arithmetic import (
    agrees_with_order_value,
    arithmetic_gap,
    is_rounded_price,
    price_base,
)
from serving.tasks.invoice_mismatch.quantities import (
    base_units_per_invoice_unit,
    earlier_on_line,
    in_base_units,
)


@dataclass(frozen=True)
class PriceGap:
    """Price of a base unit that is paid and that was agreed, and what the line is over by.

    expected: what the goods of the line cost at the agreed price. over: beyond that; negative
    where less is charged.
    """

    paid: Decimal
    agreed: Decimal
    expected: Decimal
    over: Decimal


def price_gap(case: Case) -> PriceGap | None:
    """Compare what is paid with the order; None where one of them is not known.

    What is paid is the line amount. The printed price counts where the amount agrees with it
    within its rounding and it is the nearer one to the order's.
    """
    factor, agreed = base_units_per_invoice_unit(case), agreed_price(case)
    written = decimal_of(case["quantity_invoiced"])
    if factor is None or agreed is None or not written or not _in_one_currency(case):
        return None
    goods, base_quantity = goods_amount(case), written * factor
    if goods * base_quantity < 0:
        return None
    prices = [goods / base_quantity]
    charge = decimal_of(case.get("charge_amount") or 0)
    if charge * goods < 0:  # an allowance makes the price what was agreed
        prices.append(decimal_of(case["line_amount"]) / base_quantity)
    if case["invoice_unit_price"] is not None and arithmetic_gap(case) == ZERO:
        prices.append(decimal_of(case["invoice_unit_price"]) / price_base(case) / factor)
    agreed = _unrounded(agreed, goods / base_quantity, abs(base_quantity), case)
    paid = min(prices, key=lambda price: abs(price - agreed))
    expected = abs(base_quantity) * agreed
    over = min((abs(goods) - expected, abs(base_quantity) * paid - expected), key=abs)
    return PriceGap(paid, agreed, expected, over)


def _unrounded(agreed: Decimal, paid: Decimal, quantity: Decimal, case: Case) -> Decimal:
    """Return the order's price with the digits that its value keeps, where that is what is paid."""
    if not is_rounded_price(case):
        return agreed
    by_value = decimal_of(case["line_value"]) / decimal_of(case["quantity_ordered"])
    return by_value if abs(paid - by_value) * quantity <= minor_unit(case) else agreed


def _in_one_currency(case: Case) -> bool:
    invoiced, agreed = case["currency"], case["po_currency"]
    if invoiced is None or agreed is None:
        return True
    return (currency_code(invoiced) or invoiced) == (currency_code(agreed) or agreed)


def check_price(case: Case, policy: Policy) -> Iterator[Finding]:
    """Find a price of a base unit that differs from the order's beyond share and amount."""
    kind = document_type(case)
    if kind is DocumentType.PREPAYMENT:
        yield from _check_prepayment(case, policy)
        return
    if kind is DocumentType.SUBSEQUENT_DEBIT:
        yield from _check_subsequent_debit(case, policy)
        return
    if kind in WITHOUT_QUANTITY or is_reversal(case):
        return
    if is_price_credit(case):
        yield from _check_price_credit(case, policy)
        return
    gap = price_gap(case)
    if gap is None or not _beyond_tolerance(case, policy, gap):
        return
    bounds, above = policy.tolerances, gap.over > 0
    if not above and agrees_with_order_value(case, policy):
        return  # the order's price and value disagree, which is said
    line = f"{money(abs(gap.over), case, policy)} on the line"
    if gap.agreed == ZERO:
        says = f"Ordered free of charge, {money(abs(gap.over), case, policy)} is charged."
        measured, limit, unit = float(gap.over), 0.0, "currency"
    else:
        limit = bounds.price_above_share if above else bounds.price_below_share
        measured, unit = bounded_ratio(float(gap.over), float(gap.expected)), "share"
        says = (
            f"The price of {format_price(gap.paid)} is {abs(measured):,.1%} "
            f"{'above' if above else 'below'} the order's {format_price(gap.agreed)}, {line}; "
            f"{limit:.1%} is allowed."
        )
    yield finding_of_class(
        policy,
        Ends.PRICE_VARIANCE,
        says,
        measured=measured,
        limit=limit if above else -limit,
        unit=unit,
    )


def _beyond_tolerance(case: Case, policy: Policy, gap: PriceGap) -> bool:
    """Return true if a price is off by more than both the share and the amount that are allowed."""
    bounds, above = policy.tolerances, gap.over > 0
    share = bounds.price_above_share if above else bounds.price_below_share
    floor = bounds.price_above_amount if above else bounds.price_below_amount
    rate = reporting_rate(case, policy)
    # An amount that is rounded to the minor unit may be off by half of one.
    off = abs(gap.over) - minor_unit(case) * HALF
    beyond_amount = rate is None or abs(gap.over) * rate > decimal_of(floor)
    return off > decimal_of(share) * gap.expected and beyond_amount


def is_price_credit(case: Case) -> bool:
    """Return true if a credit note gives back what earlier invoices were priced too high by.

    Its quantity is what was billed, its price the difference.
    """
    gap = price_gap(case) if is_credit(case) else None
    return gap is not None and gap.paid * 2 < gap.agreed and _overcharge(case, gap) > ZERO


def _overcharge(case: Case, gap: PriceGap) -> Decimal:
    """Return what the earlier invoices on the order line were above its price."""
    rows = [row for row in earlier_on_line(case) if row["quantity_invoiced"] > 0]
    due = gap.agreed * sum((in_base_units(case, row) for row in rows), ZERO)
    return sum_decimals(row["line_amount"] for row in rows) - due


def _check_price_credit(case: Case, policy: Policy) -> Iterator[Finding]:
    """Find a credit note of more than was charged above the order's price."""
    gap, credited = price_gap(case), abs(goods_amount(case))
    overcharge = ZERO if gap is None else _overcharge(case, gap)
    if credited > overcharge + minor_unit(case):
        says = (
            f"{money(credited, case, policy)} credited for the price, "
            f"{own_money(overcharge, case, policy)} were charged above the order's."
        )
        over = float(credited - overcharge)
        yield finding_of_class(
            policy, Ends.PRICE_VARIANCE, says, measured=over, limit=0.0, unit="currency"
        )


def _check_prepayment(case: Case, policy: Policy) -> Iterator[Finding]:
    """Find prepayments of more than the order line is worth."""
    value, before = case["line_value"], prepaid_amount(case)
    amount = decimal_of(case["line_amount"]) + before
    over = ZERO if value is None else amount - decimal_of(value)
    if over > minor_unit(case):
        what = "The prepayment of" if before == ZERO else "With this prepayment the"
        verb = "is" if before == ZERO else "prepaid are"
        says = (
            f"{what} {money(amount, case, policy)} {verb} above the order line's "
            f"{own_money(value, case, policy)}."
        )
        yield finding_of_class(
            policy, Ends.PRICE_VARIANCE, says, measured=float(over), limit=0.0, unit="currency"
        )


def _check_subsequent_debit(case: Case, policy: Policy) -> Iterator[Finding]:
    """Find a debit that brings the order line beyond its value and what a price may be off."""
    value, bounds, rate = case["line_value"], policy.tolerances, reporting_rate(case, policy)
    if value is None or rate is None:
        return
    rows = [
        row
        for row in without_reversed(case["earlier_invoices"], by_line=True)
        if case["po_line_id"] is not None
        and row["po_line_id"] == case["po_line_id"]
        and document_type(row) not in (DocumentType.PREPAYMENT, DocumentType.DELIVERY_COST)
        and not is_same_document(case, row)
    ]
    total = sum_decimals([case["line_amount"], *(row["line_amount"] for row in rows)])
    over = total - decimal_of(value)
    allowed = decimal_of(bounds.price_above_share) * decimal_of(value)
    if over > allowed and over * rate > decimal_of(bounds.price_above_amount):
        says = (
            f"With this debit {money(total, case, policy)} are invoiced on the order line of "
            f"{own_money(value, case, policy)}, {own_money(over, case, policy)} more; "
            f"{bounds.price_above_share:.1%} is allowed."
        )
        yield finding_of_class(
            policy, Ends.PRICE_VARIANCE, says, measured=float(over), limit=0.0, unit="currency"
        )
