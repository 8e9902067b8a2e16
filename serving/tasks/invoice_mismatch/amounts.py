"""Amounts of an invoice line: goods, the agreed price, currency; written as a clerk reads them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from data.calendar_days import local_day, promise_day
from data.decimals import decimal_of
from data.reference.currencies import currency_code, format_money, minor_digits
from serving.policy.policy import Policy
from serving.tasks.invoice_mismatch.documents import (
    Case,
    prepaid_amount,
)

USUAL_DIGITS = 2
HALF = Decimal("0.5")


def goods_amount(case: Case) -> Decimal:
    """Return the line amount without the charges inside it, and before a prepayment is taken off.

    A prepayment counts as taken off where that makes the line add up.
    """
    goods = decimal_of(case["line_amount"]) - decimal_of(case.get("charge_amount") or 0)
    price, prepaid = case["invoice_unit_price"], prepaid_amount(case)
    if not prepaid or price is None:
        return goods
    per = decimal_of(case.get("price_base_quantity") or 1)
    due = decimal_of(case["quantity_invoiced"]) * decimal_of(price) / per
    return goods + prepaid if abs(goods + prepaid - due) <= minor_unit(case) else goods


def agreed_price(case: Case) -> Decimal | None:
    """Return the order's price of a base unit, from its value where none above zero is stated."""
    price, value, ordered = case["po_unit_price"], case["line_value"], case["quantity_ordered"]
    if not price and value is not None and ordered:
        return decimal_of(value) / decimal_of(ordered)
    return None if price is None else decimal_of(price)


def minor_unit(case: Case) -> Decimal:
    """Return the smallest amount of the case's currency: 0.01 EUR, 1 JPY."""
    digits = minor_digits(case["currency"])
    return Decimal(1).scaleb(-(USUAL_DIGITS if digits is None else digits))


def line_currency(case: Case, policy: Policy) -> str:
    """Return the currency of the line; that of the order or of the limits where none is stated."""
    stated = case["currency"] or case["po_currency"] or policy.money.reporting_currency
    return currency_code(stated) or str(stated)


def reporting_rate(case: Case, policy: Policy) -> Decimal | None:
    """Return the value of one unit of the line's currency in that of the limits, if known."""
    rate = policy.money.rate(line_currency(case, policy), case.get("exchange_rate"))
    return None if rate is None else decimal_of(rate)


def money(amount: Decimal | float, case: Case, policy: Policy) -> str:
    """Write an amount of the line with its currency, and in that of the limits where it differs."""
    own, rate = line_currency(case, policy), reporting_rate(case, policy)
    reporting = policy.money.reporting_currency
    text = own_money(amount, case, policy)
    if own == reporting or rate is None:
        return text
    return f"{text} ({format_money(decimal_of(amount) * rate, reporting)})"


def own_money(amount: Decimal | float, case: Case, policy: Policy) -> str:
    """Write an amount of the line with its currency; two digits where that is not known."""
    code = line_currency(case, policy)
    known = currency_code(code) is not None
    return format_money(amount if known else round(decimal_of(amount), USUAL_DIGITS), code)


def format_price(price: Decimal) -> str:
    """Write a price with the digits it has, two at least; four at most, six below 1."""
    text = (f"{price:,.6f}" if abs(price) < 1 else f"{price:,.4f}").rstrip("0")
    whole, _, digits = text.partition(".")
    return f"{whole}.{digits.ljust(USUAL_DIGITS, '0')}"


def format_quantity(quantity: Decimal | float) -> str:
    """Write a quantity with the digits it has."""
    text = f"{decimal_of(quantity):,.6f}"
    return text.rstrip("0").rstrip(".")


def format_booking_day(moment: datetime, case: Case, asked_at: datetime) -> str:
    """Write the day of a moment at the site as "30 Sep"; with its year where that is another."""
    day, today = local_day(moment, case["time_zone"]), local_day(asked_at, case["time_zone"])
    return f"{day.day} {day:%b}" + ("" if day.year == today.year else f" {day.year}")


def document_day(moment: datetime | None, case: Case) -> Any:
    """Return the day that a document is dated; None where it is not."""
    return None if moment is None else promise_day(moment, case["time_zone"])
