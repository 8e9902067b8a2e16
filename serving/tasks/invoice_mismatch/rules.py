"""Rules of an invoice line: three-way match of invoice, order and receipts within tolerances."""

from __future__ import annotations

from datetime import datetime

from serving.policy.finding import Finding
from serving.policy.policy import Policy
from serving.tasks.invoice_mismatch.charge_rules import (
    check_amount_limit,
    check_currency,
    check_dates,
    check_freight,
    check_order_reference,
    check_tax,
)
from serving.tasks.invoice_mismatch.documents import Case, with_credit_signs
from serving.tasks.invoice_mismatch.duplicates import find_duplicate
from serving.tasks.invoice_mismatch.line_arithmetic import check_arithmetic, check_order
from serving.tasks.invoice_mismatch.price_rules import check_price
from serving.tasks.invoice_mismatch.quantity_rules import (
    check_quantity_ordered,
    check_receipts,
    check_unit,
    mixed_up_by,
)


def invoice_mismatch_findings(case: Case, policy: Policy, asked_at: datetime) -> list[Finding]:
    """Run all checks, in the order in which a clerk would make them."""
    case = with_credit_signs(case)
    factor = mixed_up_by(case)
    one_unit = factor is None  # the price of a pack that is billed as a piece is no variance
    return [
        *check_order_reference(case, policy, asked_at),
        *find_duplicate(case, policy, asked_at),
        *check_currency(case, policy),
        *check_arithmetic(case, policy),
        *check_order(case, policy),
        *check_unit(case, policy, factor),
        *(check_price(case, policy) if one_unit else ()),
        *(check_quantity_ordered(case, policy) if one_unit else ()),
        *check_receipts(case, policy, asked_at, compared=one_unit),
        *check_dates(case, policy, asked_at),
        *check_amount_limit(case, policy),
        *check_tax(case, policy),
        *check_freight(case, policy),
    ]
