"""Rules on what else an invoice line says: order, currency, dates, limit, tax and freight."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from data.calendar_days import local_day
from data.contracts.invoice_outcomes import ExceptionClass as Ends
from data.contracts.invoices import DocumentType
from data.contracts.purchase_orders import LineState
from data.decimals import decimal_of, sum_decimals
from data.reference.currencies import currency_code, format_money, round_money
from serving.policy.finding import NOT_COMPUTED, Finding, finding_of_class
from serving.policy.policy import Policy
from serving.recommendation.wording import plural
from serving.tasks.invoice_mismatch.amounts import (
    document_day,
    format_booking_day,
    format_quantity,
    goods_amount,
    line_currency,
    money,
    own_money,
    reporting_rate,
)
from serving.tasks.invoice_mismatch.documents import Case, document_type, is_credit, is_reversal
from serving.tasks.invoice_mismatch.line_arithmetic import is_gross
from serving.tasks.invoice_mismatch.quantities import is_unknown_order, received_quantity

DAYS_AFTER_BOOKING = "days after booking"


def check_order_reference(case: Case, policy: Policy, asked_at: datetime) -> Iterator[Finding]:
    """Find a line that names no order, or one that was cancelled."""
    if case["po_line_id"] is None:
        named = f"order {case['po_id']} but none of its lines" if case["po_id"] else ""
        says = f"The line names {named or 'no purchase order line'}, so nothing can be matched."
        yield finding_of_class(policy, Ends.PO_REFERENCE, says)
    elif is_unknown_order(case):
        says = f"Order line {case['po_line_id']} is not known here, so nothing can be matched."
        yield finding_of_class(policy, Ends.PO_REFERENCE, says)
    elif case.get("line_state") == LineState.CANCELLED and not is_credit(case):
        since = case.get("state_known_at")
        when = "" if since is None else f" on {format_booking_day(since, case, asked_at)}"
        got = received_quantity(case)
        kept = f"; {format_quantity(got)} received nevertheless" if got > 0 else ""
        says = f"Order line {case['po_line_id']} was cancelled{when}{kept}."
        yield finding_of_class(policy, Ends.PO_REFERENCE, says)


def check_currency(case: Case, policy: Policy) -> Iterator[Finding]:
    """Find another currency on the invoice than on the order, and one without a rate."""
    invoiced, agreed = case["currency"], case["po_currency"]
    if invoiced and agreed:
        codes = [currency_code(text) or text for text in (invoiced, agreed)]
        if codes[0] != codes[1]:
            says = f"Invoiced in {codes[0]}, ordered in {codes[1]}; prices were not compared."
            yield finding_of_class(policy, Ends.CURRENCY_RATE, says)
    if reporting_rate(case, policy) is None:
        says = (
            f"Limits and tolerances in {policy.money.reporting_currency} were not computed: "
            f"no exchange rate of {line_currency(case, policy)} is known."
        )
        role = policy.classes[Ends.CURRENCY_RATE].role
        yield Finding(code=NOT_COMPUTED, sentence=says, role=role)


def check_dates(case: Case, policy: Policy, asked_at: datetime) -> Iterator[Finding]:
    """Find an invoice dated long before the goods are promised, or in the future."""
    dated, due = (document_day(case[name], case) for name in ("document_at", "promised_at"))
    if dated is None:
        return
    late = (dated - local_day(asked_at, case["time_zone"])).days
    if late > 1:  # a day is the time zone of the sender
        says = f"Dated {late} days after it was booked: the date on the invoice is in the future."
        yield finding_of_class(
            policy, Ends.DATE_VARIANCE, says, measured=late, limit=1.0, unit=DAYS_AFTER_BOOKING
        )
        return
    if due is None or is_credit(case) or document_type(case) is DocumentType.PREPAYMENT:
        return
    ahead, allowed = (due - dated).days, policy.tolerances.invoice_ahead_days
    if ahead > allowed:
        says = (
            f"Dated {plural(ahead, 'day')} before the promised day; {allowed:.0f} "
            f"{'is' if allowed == 1 else 'are'} allowed."
        )
        yield finding_of_class(
            policy, Ends.DATE_VARIANCE, says, measured=ahead, limit=allowed, unit="days"
        )


def check_amount_limit(case: Case, policy: Policy) -> Iterator[Finding]:
    """Find an amount above the limit of a line, both in the reporting currency."""
    limit, rate = policy.tolerances.amount_limit, reporting_rate(case, policy)
    if rate is None or is_reversal(case):
        return
    amount = abs(decimal_of(case["line_amount"])) * rate
    if amount > decimal_of(limit):
        says = (
            f"The {'credit' if case['line_amount'] < 0 else 'line'} of "
            f"{money(abs(case['line_amount']), case, policy)} is above the limit of "
            f"{format_money(limit, policy.money.reporting_currency)}."
        )
        yield finding_of_class(
            policy, Ends.AMOUNT_LIMIT, says, measured=float(amount), limit=limit, unit="currency"
        )


def check_tax(case: Case, policy: Policy) -> Iterator[Finding]:
    """Find tax that differs from what the order's tax code implies, freight with the goods."""
    charged, rate = case["tax_amount"], case["tax_rate_expected"]
    value = reporting_rate(case, policy)
    if charged is None or rate is None or value is None:
        return
    freight = case["freight_amount"] or 0.0
    taxed = bool(freight) and policy.tax.freight_is_taxed(case.get("tax_jurisdiction"))
    base = decimal_of(case["line_amount"]) + decimal_of(freight if taxed else 0)
    due = round_money(decimal_of(rate) * base, case["currency"])
    gap, allowed = decimal_of(charged) - due, policy.tolerances.tax_amount
    if is_gross(case):
        return  # the tax is in the line amount, which is said
    if abs(gap) * value > decimal_of(allowed):
        credit = due < 0 or (due == 0 and charged < 0)
        way = "too much" if (gap > 0) is not credit else "too little"
        shown, of_line = (-decimal_of(charged), -due) if credit else (charged, due)
        says = (
            f"Tax of {own_money(shown, case, policy)} {'credited' if credit else 'charged'}; "
            f"{format_quantity(decimal_of(rate) * 100)}% of the line"
            f"{' with freight' if taxed else ''} is {own_money(of_line, case, policy)}, "
            f"{money(abs(gap), case, policy)} {way}."
        )
        yield finding_of_class(
            policy,
            Ends.TAX_VARIANCE,
            says,
            measured=float(gap),
            limit=float(decimal_of(allowed) / value),
            unit="currency",
        )


def check_freight(case: Case, policy: Policy) -> Iterator[Finding]:
    """Find freight and charges beyond the allowed share of the goods."""
    share, extra = policy.tolerances.freight_share, max(case.get("charge_amount") or 0.0, 0.0)
    extra = 0.0 if is_credit(case) else extra
    freight = case["freight_amount"] or 0.0
    charged, of = sum_decimals([freight, extra]), float(goods_amount(case))
    what = "Freight and charges" if freight and extra else "Charges" if extra else "Freight"
    if document_type(case) is DocumentType.DELIVERY_COST:
        charged, of, what = decimal_of(case["line_amount"]), case["line_value"], "Freight"
    if not charged or of is None:
        return
    limit = abs(decimal_of(of)) * decimal_of(share)
    if charged > limit:
        says = (
            f"{what} of {own_money(charged, case, policy)} on goods of "
            f"{own_money(abs(of), case, policy)}; {share:.1%} is allowed."
        )
        yield finding_of_class(
            policy,
            Ends.FREIGHT_CHARGES,
            says,
            measured=float(charged),
            limit=float(limit),
            unit="currency",
        )
