"""Rule for duplicates: an earlier invoice with the same number, amount or order line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from data.contracts.invoice_outcomes import ExceptionClass as Ends
from features.invoice_numbers import normalise_invoice_number
from serving.policy.finding import Finding, finding_of_class, format_amount
from serving.policy.policy import Policy

Case = Mapping[str, Any]


def find_duplicate(case: Case, policy: Policy, asked_at: datetime) -> Iterator[Finding]:
    """Find the strongest pattern that an earlier invoice shows; at most one finding."""
    since = asked_at - timedelta(days=policy.tolerances.duplicate_days)
    earlier = [row for row in case["earlier_invoices"] if row["known_at"] >= since]
    for pattern in (_same_number_and_amount, _same_number, _same_amount_on_line):
        for row in earlier:
            if says := pattern(case, row, policy.tolerances.duplicate_amount):
                yield finding_of_class(policy, Ends.DUPLICATE, says)
                return


def _amounts_equal(left: float, right: float, within: float) -> bool:
    return abs(left - right) <= within + 1e-9 * abs(left)


def _same_number_and_amount(case: Case, row: Case, within: float) -> str:
    alike = normalise_invoice_number(case["invoice_number"]) and normalise_invoice_number(
        case["invoice_number"]
    ) == normalise_invoice_number(row["invoice_number"])
    # Two lines of one invoice have one number: the same line of the order tells them apart.
    if (
        alike
        and row["po_line_id"] == case["po_line_id"]
        and _amounts_equal(case["line_amount"], row["line_amount"], within)
    ):
        return (
            f"Number {row['invoice_number']} with the same amount on the same order line was "
            f"booked on {row['known_at']:%Y-%m-%d}."
        )
    return ""


def _same_number(case: Case, row: Case, within: float) -> str:
    del within
    number = normalise_invoice_number(case["invoice_number"])
    if (
        number
        and number == normalise_invoice_number(row["invoice_number"])
        and row["po_line_id"] == case["po_line_id"]
    ):
        return (
            f"Number {row['invoice_number']} was booked on the same order line on "
            f"{row['known_at']:%Y-%m-%d}, for {format_amount(row['line_amount'])}."
        )
    return ""


def _same_amount_on_line(case: Case, row: Case, within: float) -> str:
    on_line = case["po_line_id"] is not None and row["po_line_id"] == case["po_line_id"]
    if on_line and _amounts_equal(case["line_amount"], row["line_amount"], within):
        return (
            f"The same amount of {format_amount(row['line_amount'])} was booked on the "
            "same order line "
            f"on {row['known_at']:%Y-%m-%d}, under number {row['invoice_number'] or 'unknown'}."
        )
    return ""
