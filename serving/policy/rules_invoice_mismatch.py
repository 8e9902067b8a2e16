"""What a rule can compute about an invoice line: the three-way match, with stated tolerances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from data.contracts.invoice_outcomes import ExceptionClass as Ends
from serving.policy.finding import Code, Finding, amount, of_class, quotient
from serving.policy.policy import Policy
from serving.policy.rules_duplicate import duplicates
from serving.policy.rules_invoice_quantity import base_units, ordered, received

Case = Mapping[str, Any]


def findings(case: Case, policy: Policy, asked_at: datetime) -> list[Finding]:
    """Every variance the rules find, in the order a clerk would check them."""
    return [
        *reference(case, policy),
        *duplicates(case, policy, asked_at),
        *currency(case, policy),
        *unit(case, policy),
        *price(case, policy),
        *ordered(case, policy),
        *received(case, policy),
        *dates(case, policy),
        *amounts(case, policy),
        *tax(case, policy),
        *freight(case, policy),
    ]


def reference(case: Case, policy: Policy) -> Iterator[Finding]:
    """A line that names no order cannot be matched."""
    if case["po_line_id"] is None:
        says = "The line names no purchase order line, so nothing can be matched against it."
        yield of_class(policy, Ends.PO_REFERENCE, says)


def currency(case: Case, policy: Policy) -> Iterator[Finding]:
    """Invoiced in another currency than ordered."""
    invoiced, agreed = case["currency"], case["po_currency"]
    if invoiced and agreed and invoiced != agreed:
        says = f"Invoiced in {invoiced}, ordered in {agreed}."
        yield of_class(policy, Ends.CURRENCY_RATE, says)


def unit(case: Case, policy: Policy) -> Iterator[Finding]:
    """Another unit on the invoice than on the order."""
    invoiced, ordered_in = case["invoice_unit"], case["order_unit"]
    if invoiced and ordered_in and invoiced != ordered_in:
        says = f"Invoiced in {invoiced}, ordered in {ordered_in}."
        yield of_class(policy, Ends.UNIT_OF_MEASURE, says)
    if base_units(case) is None:
        says = (
            f"Price and quantity were not compared: how many base units one {invoiced} holds "
            "is not known."
        )
        yield Finding(
            code=Code.NOT_COMPUTED, sentence=says, role=policy.classes[Ends.UNIT_OF_MEASURE].role
        )


def price(case: Case, policy: Policy) -> Iterator[Finding]:
    """Price of a base unit against the order's, beyond share and amount."""
    held, agreed, charged = base_units(case), case["po_unit_price"], case["invoice_unit_price"]
    same = case["currency"] is None or case["po_currency"] in (None, case["currency"])
    if held is None or not agreed or charged is None or not same:
        return
    paid, bounds = quotient(charged, held), policy.tolerances
    over = (paid - agreed) * abs(case["quantity_invoiced"]) * held
    share = quotient(paid, agreed) - 1
    line = f"{amount(abs(over))} {case['currency'] or ''}".strip()
    against = f"the order's {amount(agreed)} ({line} on the line)"
    if share > bounds.price_above_share and over > bounds.price_above_amount:
        limit, way = bounds.price_above_share, "above"
    elif share < -bounds.price_below_share:
        limit, way = bounds.price_below_share, "below"
    else:
        return
    says = (
        f"The price of {amount(paid)} is {abs(share):.1%} {way} {against}; {limit:.1%} is allowed."
    )
    signed = limit if way == "above" else -limit
    yield of_class(policy, Ends.PRICE_VARIANCE, says, measured=share, limit=signed, unit="share")


def dates(case: Case, policy: Policy) -> Iterator[Finding]:
    """Invoiced long before the goods are promised."""
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
        yield of_class(policy, Ends.DATE_VARIANCE, says, measured=ahead, limit=allowed, unit="days")


def amounts(case: Case, policy: Policy) -> Iterator[Finding]:
    """An amount above the limit of a line."""
    limit = policy.tolerances.amount_limit
    if abs(case["line_amount"]) > limit:
        says = f"The line of {amount(case['line_amount'])} is above the limit of {amount(limit)}."
        yield of_class(
            policy,
            Ends.AMOUNT_LIMIT,
            says,
            measured=case["line_amount"],
            limit=limit,
            unit="currency",
        )


def tax(case: Case, policy: Policy) -> Iterator[Finding]:
    """Tax charged against what the order's tax code implies."""
    charged, rate, allowed = (
        case["tax_amount"],
        case["tax_rate_expected"],
        policy.tolerances.tax_amount,
    )
    if charged is None or rate is None:
        return
    expected = rate * case["line_amount"]
    if abs(charged - expected) > allowed:
        says = f"Tax of {amount(charged)} charged; {rate:.1%} of the line is {amount(expected)}."
        yield of_class(
            policy,
            Ends.TAX_VARIANCE,
            says,
            measured=charged - expected,
            limit=allowed,
            unit="currency",
        )


def freight(case: Case, policy: Policy) -> Iterator[Finding]:
    """Freight beyond the allowed share of the line."""
    charged, allowed = case["freight_amount"], policy.tolerances.freight_share
    if charged and charged > allowed * abs(case["line_amount"]):
        says = (
            f"Freight of {amount(charged)} on a line of {amount(case['line_amount'])}; "
            f"{allowed:.1%} of the line is allowed."
        )
        limit = allowed * abs(case["line_amount"])
        yield of_class(
            policy, Ends.FREIGHT_CHARGES, says, measured=charged, limit=limit, unit="currency"
        )
