"""Rules on whether a line and its order add up: amount = quantity x price / base + charges."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from data.contracts.invoice_outcomes import ExceptionClass as Ends
from data.decimals import ZERO, decimal_of, half_last_digit
from serving.policy.finding import Finding
from serving.policy.policy import Policy
from serving.tasks.invoice_mismatch.amounts import (
    HALF,
    agreed_price,
    format_price,
    format_quantity,
    goods_amount,
    minor_unit,
    own_money,
    reporting_rate,
)
from serving.tasks.invoice_mismatch.documents import (
    WITHOUT_QUANTITY,
    Case,
    document_type,
    is_credit,
)
from serving.tasks.invoice_mismatch.quantities import base_units_per_invoice_unit

LINE_ARITHMETIC = "LINE_ARITHMETIC"
"""Code of a finding that the line amount is not quantity x price / base quantity + charges."""
PRICE_BASE = "PRICE_BASE"
"""Code of a finding that informs: the price seems to be for another quantity than is stated."""
ORDER_ARITHMETIC = "ORDER_ARITHMETIC"
"""Code of a finding that informs: the order's price and value disagree."""

LEAST_SLACK = 2  # minor units that a line may be off, as in PEPPOL-EN16931-R120
MOST_DISCOUNT = 30  # percent; more is rather an error
USUAL_BASES = (1, 10, 12, 100, 1000, 10_000)
BASES_WITHOUT_ORDER = (100, 1000)  # told from an error in the price though no order confirms them


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
        yield _finding(LINE_ARITHMETIC, policy, says, abs(goods))
        return
    if quantity == ZERO and (is_credit(case) or goods == ZERO):
        return
    gap = _unexplained(case, policy)
    if gap == ZERO:
        return
    base = _likely_price_base(case, policy)
    if base is None:
        says = _gap_sentence(case, policy, gap)
        yield _finding(LINE_ARITHMETIC, policy, says, gap)
        return
    price = format_price(decimal_of(case["invoice_unit_price"]))
    says = (
        f"The price of {price} seems to be for {format_quantity(base)}: "
        f"{format_quantity(quantity)} x {price} / {format_quantity(base)} make the amount of "
        f"{own_money(case['line_amount'], case, policy)}."
    )
    yield _finding(PRICE_BASE, policy, says, base, "price base quantity")


def _unexplained(case: Case, policy: Policy) -> Decimal:
    """Return what rounding does not explain of the goods' amount; 0 where no price is stated.

    A price that is the order's own has no digits that were rounded away, so that a gap counts
    from the amount on by which a price may be off.
    """
    gap = arithmetic_gap(case)
    if gap is None or gap != ZERO:
        return gap or ZERO
    raw, rate = _raw_gap(case), reporting_rate(case, policy)
    if raw is None or rate is None or not _is_the_orders_price(case):
        return ZERO
    beyond = abs(raw) * rate > decimal_of(policy.tolerances.price_above_amount)
    return raw if beyond and abs(raw) > LEAST_SLACK * minor_unit(case) else ZERO


def arithmetic_gap(case: Case) -> Decimal | None:
    """Return the goods' amount less quantity x price; 0 within rounding, None without a price."""
    gap = _raw_gap(case)
    if gap is None or case["invoice_unit_price"] is None:
        return gap
    return ZERO if _is_rounding(case, gap, price_base(case)) else gap


def is_gross(case: Case) -> bool:
    """Return true if the line amount is quantity x price with the tax on top."""
    tax, gap = case["tax_amount"], arithmetic_gap(case)
    return bool(tax and gap) and abs(decimal_of(tax) - (gap or ZERO)) <= minor_unit(case)


def price_base(case: Case) -> Decimal:
    """Return the invoice units that the price is stated for; 1 where nothing is."""
    return decimal_of(case.get("price_base_quantity") or 1)


def _raw_gap(case: Case) -> Decimal | None:
    quantity, price = decimal_of(case["quantity_invoiced"]), case["invoice_unit_price"]
    if price is None:
        return goods_amount(case) if quantity == ZERO else None
    return goods_amount(case) - quantity * decimal_of(price) / price_base(case)


def _is_rounding(case: Case, gap: Decimal, base: Decimal) -> bool:
    """Return true if the digits of the price and of the amount explain a gap."""
    unit = minor_unit(case)
    half_digit = min(unit * HALF, half_last_digit(case["invoice_unit_price"]))
    by_price = unit * HALF + abs(decimal_of(case["quantity_invoiced"])) * half_digit / base
    return abs(gap) <= max(LEAST_SLACK * unit, by_price)


def _is_the_orders_price(case: Case) -> bool:
    """Return true if the printed price is that of the order, which is not rounded itself."""
    factor, agreed = base_units_per_invoice_unit(case), case["po_unit_price"]
    value, ordered = case["line_value"], case["quantity_ordered"]
    if factor is None or not agreed or value is None or not ordered:
        return False
    printed = decimal_of(case["invoice_unit_price"]) / price_base(case) / factor
    off = decimal_of(value) - decimal_of(agreed) * decimal_of(ordered)
    return printed == decimal_of(agreed) and abs(off) <= minor_unit(case)


def _likely_price_base(case: Case, policy: Policy) -> Decimal | None:
    """Return the quantity that the price seems to be for, where that makes the line add up.

    The amount has to be what the goods cost by the order; without an order only the usual
    hundred and thousand are told from an error.
    """
    price, factor, agreed = (
        case["invoice_unit_price"],
        base_units_per_invoice_unit(case),
        agreed_price(case),
    )
    quantity, goods = decimal_of(case["quantity_invoiced"]), goods_amount(case)
    if not price or not quantity:
        return None
    packs = [case["pack_size"], *(row["base_units"] for row in case.get("item_units") or ())]
    bases = {*map(Decimal, USUAL_BASES), *(decimal_of(pack) for pack in packs if pack)}
    if factor is None or agreed is None:
        bases = {Decimal(base) for base in BASES_WITHOUT_ORDER}
    else:
        due = abs(quantity) * factor * agreed
        allowed = decimal_of(policy.tolerances.price_above_share) * due
        by_price = abs(abs(goods) - due) <= max(allowed, LEAST_SLACK * minor_unit(case))
        if not by_price and not agrees_with_order_value(case, policy):
            return None
    for base in sorted(bases - {price_base(case)}):
        if _is_rounding(case, goods - quantity * decimal_of(price) / base, base):
            return base
    return None


def _gap_sentence(case: Case, policy: Policy, gap: Decimal) -> str:
    amount, way = own_money(case["line_amount"], case, policy), "more" if gap > 0 else "less"
    quantity, price = decimal_of(case["quantity_invoiced"]), case["invoice_unit_price"]
    if quantity == ZERO:
        return f"The line does not add up: no quantity is invoiced, the amount is {amount}."
    per = price_base(case)
    printed = format_price(decimal_of(price)) + (f" for {format_quantity(per)}" if per != 1 else "")
    due = own_money(decimal_of(case["line_amount"]) - gap, case, policy)
    says = (
        f"The line does not add up: {format_quantity(quantity)} at {printed} make {due}, the "
        f"amount is {amount}, {own_money(abs(gap), case, policy)} {way}"
    )
    for column, words in (("tax_amount", "tax"), ("freight_amount", "freight")):
        if case[column] and abs(decimal_of(case[column]) - gap) <= minor_unit(case):
            return f"{says}, which is the {words}."
    if case["tax_amount"] and abs(decimal_of(case["tax_amount"]) + gap) <= minor_unit(case):
        return f"{says}, as if the price had the tax in it."
    return f"{says}{_likely_discount(case, gap)}."


def _likely_discount(case: Case, gap: Decimal) -> str:
    """Name a discount in whole percent that would explain what is missing."""
    due = abs(goods_amount(case) - gap)
    share = abs(gap) * 100 / due if due else ZERO
    whole = round(share)
    within_rounding = abs(abs(gap) - due * whole / 100) <= minor_unit(case)
    if gap * goods_amount(case) < 0 and 0 < whole <= MOST_DISCOUNT and within_rounding:
        return f", as with a discount of {whole}% that is not stated"
    return ""


def check_order(case: Case, policy: Policy) -> Iterator[Finding]:
    """Say that the order's price and value disagree, and which of them the invoice agrees with."""
    price, value, ordered = case["po_unit_price"], case["line_value"], case["quantity_ordered"]
    if price is None or value is None or not ordered or document_type(case) in WITHOUT_QUANTITY:
        return
    due = decimal_of(price) * decimal_of(ordered)
    if _agree(due, decimal_of(value), case, policy) or is_rounded_price(case):
        return
    says = (
        f"The order does not add up: {format_quantity(ordered)} at "
        f"{format_price(decimal_of(price))} make {own_money(due, case, policy)}, its value is "
        f"{own_money(value, case, policy)}; the invoice agrees with {_agrees_with(case, policy)}."
    )
    yield _finding(ORDER_ARITHMETIC, policy, says, decimal_of(value) - due)


def agrees_with_order_value(case: Case, policy: Policy) -> bool:
    """Return true if the amount is the share of the order's value that its quantity is."""
    factor, value, ordered = (
        base_units_per_invoice_unit(case),
        case["line_value"],
        case["quantity_ordered"],
    )
    if factor is None or value is None or not ordered:
        return False
    share = abs(decimal_of(case["quantity_invoiced"])) * factor / decimal_of(ordered)
    return _agree(abs(goods_amount(case)), decimal_of(value) * share, case, policy)


def is_rounded_price(case: Case) -> bool:
    """Return true if the order's price is its value per unit, rounded to the digits it has."""
    price, value, ordered = case["po_unit_price"], case["line_value"], case["quantity_ordered"]
    if not price or value is None or not ordered:
        return False
    half_digit = min(minor_unit(case) * HALF, half_last_digit(price))
    off = abs(decimal_of(value) - decimal_of(price) * decimal_of(ordered))
    return off <= minor_unit(case) * HALF + decimal_of(ordered) * half_digit


def _agrees_with(case: Case, policy: Policy) -> str:
    factor, price = base_units_per_invoice_unit(case), decimal_of(case["po_unit_price"])
    if factor is None:
        return "neither as far as could be compared"
    due = abs(decimal_of(case["quantity_invoiced"])) * factor * price
    if _agree(abs(goods_amount(case)), due, case, policy):
        return "the price"
    return "the value" if agrees_with_order_value(case, policy) else "neither"


def _agree(one: Decimal, other: Decimal, case: Case, policy: Policy) -> bool:
    """Return true if two amounts are within the share or the amount that a price may be off."""
    bounds, rate = policy.tolerances, reporting_rate(case, policy)
    gap, most = abs(one - other), max(one, other)
    within_amount = rate is not None and gap * rate <= decimal_of(bounds.price_above_amount)
    return within_amount or gap <= decimal_of(bounds.price_above_share) * most


def _finding(
    code: str, policy: Policy, sentence: str, measured: Decimal, unit: str = "currency"
) -> Finding:
    return Finding(
        code=code,
        sentence=sentence,
        measured=float(measured),
        limit=0.0 if unit == "currency" else None,
        unit=unit,
        role=policy.classes[Ends.CLEAN].role,
        flags=code == LINE_ARITHMETIC,
    )
