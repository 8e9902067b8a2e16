"""Money at stake of an invoice line: the part that is disputed, in words how it is computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from data.contracts.invoice_outcomes import ExceptionClass as Ends
from data.decimals import ZERO, decimal_of, sum_decimals
from data.reference.currencies import round_money
from serving.policy.finding import Finding
from serving.tasks.invoice_mismatch.amounts import goods_amount
from serving.tasks.invoice_mismatch.documents import (
    WITHOUT_QUANTITY,
    Case,
    document_type,
    with_credit_signs,
)
from serving.tasks.invoice_mismatch.line_arithmetic import LINE_ARITHMETIC
from serving.tasks.invoice_mismatch.price_rules import is_price_credit, price_gap
from serving.tasks.invoice_mismatch.quantities import invoiced_quantities

WHOLE_LINE = "net amount of the invoice line"
STAKES_THE_LINE = frozenset({Ends.DUPLICATE, Ends.PO_REFERENCE, Ends.NO_RECEIPT, Ends.AMOUNT_LIMIT})


def amount_at_risk(case: Case, findings: Sequence[Finding]) -> tuple[float | None, str]:
    """Return what is disputed of a line; all of it where no rule says which part.

    Price and arithmetic dispute one difference, the two quantity rules one excess: the larger
    of them counts. No more is at stake than the line with its freight and tax.
    """
    case = with_credit_signs(case)
    codes = {finding.code for finding in findings}
    whole = abs(decimal_of(case["line_amount"]))
    parts = [] if codes & STAKES_THE_LINE else list(_disputed_parts(case, findings))
    if not parts:
        return float(whole), WHOLE_LINE
    most = whole + abs(sum_decimals([case["freight_amount"], case["tax_amount"]]))
    amount = min(sum((part for part, _ in parts), Decimal()), most)
    return float(round_money(amount, case["currency"])), " + ".join(words for _, words in parts)


def _disputed_parts(case: Case, findings: Sequence[Finding]) -> Iterator[tuple[Decimal, str]]:
    by_code = {finding.code: finding for finding in findings}
    gap = price_gap(case)
    if LINE_ARITHMETIC in by_code:
        unexplained = abs(decimal_of(by_code[LINE_ARITHMETIC].measured or 0))
        yield min(unexplained, abs(decimal_of(case["line_amount"]))), "unexplained line amount"
    elif document_type(case) in WITHOUT_QUANTITY and Ends.PRICE_VARIANCE in by_code:
        yield abs(decimal_of(by_code[Ends.PRICE_VARIANCE].measured or 0)), "amount above the order"
    elif is_price_credit(case) and Ends.PRICE_VARIANCE in by_code:
        yield abs(decimal_of(by_code[Ends.PRICE_VARIANCE].measured or 0)), "credit above the excess"
    elif Ends.PRICE_VARIANCE in by_code and gap is not None:
        yield abs(gap.over), "price difference x quantity"
    excesses = [
        excess
        for code in (Ends.QTY_OVER_ORDERED, Ends.QTY_OVER_RECEIVED)
        if code in by_code and (excess := _excess_amount(case, by_code[code])) is not None
    ]
    if excesses:
        yield max(excesses), "excess quantity x price"
    for code, words in ((Ends.TAX_VARIANCE, "tax difference"), (Ends.FREIGHT_CHARGES, "freight")):
        if code in by_code and by_code[code].measured is not None:
            yield abs(decimal_of(by_code[code].measured or 0)), words
    if Ends.QUALITY_HOLD in by_code and (each := _price_of_base_unit(case)) is not None:
        damaged, here = decimal_of(by_code[Ends.QUALITY_HOLD].measured or 0), ZERO
        if (quantities := invoiced_quantities(case)) is not None:
            here = abs(quantities[0])
        yield min(damaged, here) * each, "damaged quantity x price"


def _excess_amount(case: Case, finding: Finding) -> Decimal | None:
    """Return the excess quantity of a finding, at most that of the line, times its price."""
    quantities, each = invoiced_quantities(case), _price_of_base_unit(case)
    if quantities is None or each is None or finding.measured is None:
        return None
    here, so_far = map(abs, quantities)
    excess = decimal_of(finding.measured)
    if finding.unit == "share":
        excess = so_far * excess / (1 + excess)
    return min(excess, here) * each


def _price_of_base_unit(case: Case) -> Decimal | None:
    quantities = invoiced_quantities(case)
    return (
        None if quantities is None or not quantities[0] else abs(goods_amount(case) / quantities[0])
    )
