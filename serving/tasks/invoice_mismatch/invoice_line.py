"""Facts of an invoice line that several rules read: kind, units, quantities, amounts, money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from re import IGNORECASE, search
from typing import Any

from data.calendar_days import local_day, promise_day
from data.contracts.invoices import DocumentType
from data.contracts.receipts import PostingKind
from data.contracts.supplier_events import EventKind
from data.decimals import ZERO, decimal_of, half_last_digit, sum_decimals
from data.reference.currencies import currency_code, format_money, minor_digits
from features.invoice_numbers import normalise_invoice_number
from features.tasks.invoice_mismatch.base_units import base_units_in
from serving.policy.policy import Policy

Case = Mapping[str, Any]
QUANTITY_PLACES = Decimal("0.000001")
SHARE_PLACES = Decimal("0.0001")
USUAL_DIGITS = 2
ONE = Decimal(1)
HALF = Decimal("0.5")
SERVICE = r"service|dienstleistung|\blimit\b"
NO_RECEIPT_EXPECTED = rf"(\b|_)(2|two)[-_ ]?way|consignment|{SERVICE}"
SIGNED = ("quantity_invoiced", "line_amount", "charge_amount", "freight_amount", "tax_amount")
WITHOUT_QUANTITY = (
    DocumentType.PREPAYMENT,
    DocumentType.SUBSEQUENT_DEBIT,
    DocumentType.DELIVERY_COST,
)


def document_type(row: Case) -> DocumentType:
    """Return the type of a document; by the sign of its amount where it is not stated."""
    if row.get("document_type"):
        return DocumentType(row["document_type"])
    amount = row["line_amount"] or row["quantity_invoiced"]
    return DocumentType.CREDIT_NOTE if amount < 0 else DocumentType.INVOICE


def with_credit_signs(case: Case) -> Case:
    """Return the case with the amounts of credit notes below zero, whatever the source wrote."""
    earlier = case["earlier_invoices"]
    if not any(_is_unsigned_credit(row) for row in (case, *earlier)):
        return case
    return {**_signed(case), "earlier_invoices": [_signed(row) for row in earlier]}


def _is_unsigned_credit(row: Case) -> bool:
    is_credit_note = row.get("document_type") == DocumentType.CREDIT_NOTE
    return is_credit_note and row["line_amount"] > 0 and row["quantity_invoiced"] >= 0


def _signed(row: Case) -> Case:
    if not _is_unsigned_credit(row):
        return row
    return {**row, **{name: -row[name] for name in SIGNED if row.get(name)}}


def is_credit(row: Case) -> bool:
    """Return true if the line gives money back: a credit note, or an invoice below zero."""
    return (
        document_type(row) is DocumentType.CREDIT_NOTE
        or row["line_amount"] < 0
        or bool(row.get("reverses_line_id"))
    )


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
    return (decimal_of(row["quantity_invoiced"]) * factor).quantize(QUANTITY_PLACES).normalize()


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


def is_same_document(case: Case, row: Case) -> bool:
    """Return true if a row is this line itself or, by its id, another line of its document."""
    same_line = row.get("invoice_line_id") == case["invoice_line_id"]
    return same_line or (
        row.get("invoice_id") is not None and row["invoice_id"] == case["invoice_id"]
    )


def invoiced_quantities(case: Case) -> tuple[Decimal, Decimal] | None:
    """Return the quantity of this line, and of it and all earlier ones on its order line.

    None where the units of the line cannot be converted.
    """
    if base_units_per_invoice_unit(case) is None:
        return None
    here = in_base_units(case, case)
    return here, here + sum((in_base_units(case, row) for row in earlier_on_line(case)), ZERO)


def is_reversal(case: Case) -> bool:
    """Return true if the line takes back an earlier one, or settles a prepayment."""
    if case.get("reverses_line_id"):
        return True
    if case["line_amount"] >= 0:
        return False
    others = [row for row in case["earlier_invoices"] if not is_same_document(case, row)]
    live = without_reversed(others, by_line=True)
    settled = sum_decimals([case["line_amount"], *_prepaid_amounts(case, live)]) == ZERO
    return settled or any(_reverses(case, row, by_line=False) for row in live)


def prepaid_amount(case: Case) -> Decimal:
    """Return what was prepaid on the order line, without what was reversed."""
    if not _prepaid_amounts(case, case["earlier_invoices"]):
        return ZERO
    live = without_reversed(case["earlier_invoices"], by_line=True)
    return sum_decimals(_prepaid_amounts(case, live))


def _prepaid_amounts(case: Case, rows: Sequence[Case]) -> list[float]:
    return [
        row["line_amount"]
        for row in rows
        if case["po_line_id"] is not None
        and row["po_line_id"] == case["po_line_id"]
        and document_type(row) is DocumentType.PREPAYMENT
    ]


def without_reversed(rows: Sequence[Case], *, by_line: bool) -> list[Case]:
    """Leave out what was reversed, with its reversal: both are as if never posted.

    A reversal names the line it reverses; else it has the opposite amount and quantity under the
    same number or, `by_line`, on the same order line.
    """
    live: list[Case] = []
    for row in sorted(rows, key=lambda one: one["known_at"]):
        reversed_row = next(
            (one for one in reversed(live) if _reverses(row, one, by_line=by_line)), None
        )
        if reversed_row is None:
            live.append(row)
        else:
            live = [one for one in live if one is not reversed_row]
    return live


def _reverses(row: Case, earlier: Case, *, by_line: bool) -> bool:
    if row.get("reverses_line_id"):
        return bool(row["reverses_line_id"] == earlier.get("invoice_line_id"))
    if not row["line_amount"] < 0 < earlier["line_amount"]:
        return False
    opposite = (
        sum_decimals([row["line_amount"], earlier["line_amount"]]) == ZERO
        and sum_decimals([row["quantity_invoiced"], earlier["quantity_invoiced"]]) == ZERO
    )
    number = normalise_invoice_number(row["invoice_number"])
    same_number = number != "" and number == normalise_invoice_number(earlier["invoice_number"])
    same_line = row["po_line_id"] is not None and row["po_line_id"] == earlier["po_line_id"]
    return opposite and (same_number or (by_line and same_line))


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
