"""Rules on the price of an invoice line, and on whether the line adds up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from data.contracts.invoice_outcomes import ExceptionClass as Ends
from data.contracts.invoices import DocumentType
from data.decimals import ZERO, decimal_of
from data.reference.currencies import currency_code
from serving.policy.finding import Finding, bounded_ratio, finding_of_class
from serving.policy.policy import Policy
from serving.tasks.invoice_mismatch.invoice_line import (
    WITHOUT_QUANTITY,
    Case,
    base_units_per_invoice_unit,
    document_type,
    format_price,
    format_quantity,
    goods_amount,
    is_credit,
    minor_unit,
    money,
    own_money,
    reporting_rate,
)

LINE_ARITHMETIC = "LINE_ARITHMETIC"
"""Code of a finding that the line amount is not quantity x price / base quantity + charges."""

HALF = Decimal("0.5")


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


def check_arithmetic(case: Case, policy: Policy) -> Iterator[Finding]:
    """Find a line amount that its quantity and price do not give."""
    if document_type(case) in WITHOUT_QUANTITY:
        return
    quantity, goods = decimal_of(case["quantity_invoiced"]), goods_amount(case)
    if quantity * goods < 0:
        says = (
            f"The quantity of {format_quantity(quantity)} and the amount of "
            f"{own_money(case['line_amount'], case, policy)} have opposite signs."
        )
        yield _arithmetic_finding(policy, says, abs(goods))
        return
    if quantity == ZERO and (is_credit(case) or goods == ZERO):
        return
    gap = _arithmetic_gap(case)
    if gap is not None and gap != ZERO:
        price = decimal_of(case["invoice_unit_price"] or 0)
        way = "more" if gap > 0 else "less"
        says = (
            f"The line does not add up: {format_quantity(quantity)} at {format_price(price)} make "
            f"{own_money(case['line_amount'] - float(gap), case, policy)}, the amount is "
            f"{own_money(case['line_amount'], case, policy)}, "
            f"{own_money(abs(gap), case, policy)} {way}."
        )
        yield _arithmetic_finding(policy, says, gap)


def _arithmetic_finding(policy: Policy, sentence: str, gap: Decimal) -> Finding:
    return Finding(
        code=LINE_ARITHMETIC,
        sentence=sentence,
        measured=float(gap),
        limit=0.0,
        unit="currency",
        role=policy.classes[Ends.CLEAN].role,
    )


def _arithmetic_gap(case: Case) -> Decimal | None:
    """Return the goods' amount less quantity x price; 0 within rounding, None without a price."""
    quantity, price = decimal_of(case["quantity_invoiced"]), case["invoice_unit_price"]
    if price is None:
        return goods_amount(case) if quantity == ZERO else None
    base = decimal_of(case.get("price_base_quantity") or 1)
    gap = goods_amount(case) - quantity * decimal_of(price) / base
    slack = minor_unit(case) * HALF + abs(quantity) * _half_last_digit(case) / base
    return ZERO if abs(gap) <= slack else gap


def _half_last_digit(case: Case) -> Decimal:
    """Return half a unit of the last digit that the price is printed with."""
    exponent = decimal_of(case["invoice_unit_price"]).normalize().as_tuple().exponent
    digits = -exponent if isinstance(exponent, int) else 0
    return min(minor_unit(case), Decimal(1).scaleb(-max(digits, 0))) * HALF


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
    if case["invoice_unit_price"] is not None and _arithmetic_gap(case) == ZERO:
        per = decimal_of(case.get("price_base_quantity") or 1)
        prices.append(decimal_of(case["invoice_unit_price"]) / per / factor)
    paid = min(prices, key=lambda price: abs(price - agreed))
    expected = abs(base_quantity) * agreed
    over = min((abs(goods) - expected, abs(base_quantity) * paid - expected), key=abs)
    return PriceGap(paid, agreed, expected, over)


def agreed_price(case: Case) -> Decimal | None:
    """Return the order's price of a base unit, from its value where none above zero is stated."""
    price, value, ordered = case["po_unit_price"], case["line_value"], case["quantity_ordered"]
    if not price and value and ordered:
        return decimal_of(value) / decimal_of(ordered)
    return None if price is None else decimal_of(price)


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
    gap = None if kind in WITHOUT_QUANTITY or case.get("reverses_line_id") else price_gap(case)
    if gap is None or not _beyond_tolerance(case, policy, gap):
        return
    bounds = policy.tolerances
    above = gap.over > 0
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


def _check_prepayment(case: Case, policy: Policy) -> Iterator[Finding]:
    """Find a prepayment of more than the order line is worth."""
    value = case["line_value"]
    over = ZERO if value is None else decimal_of(case["line_amount"]) - decimal_of(value)
    if over > minor_unit(case):
        says = (
            f"The prepayment of {money(case['line_amount'], case, policy)} is above the order "
            f"line's {own_money(value, case, policy)}."
        )
        yield finding_of_class(
            policy, Ends.PRICE_VARIANCE, says, measured=float(over), limit=0.0, unit="currency"
        )
