"""Rules and wording of a goods receipt without an invoice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from models.tasks.uninvoiced_receipt import UNINVOICED_RECEIPT
from serving.policy.finding import Finding
from serving.policy.policy import Policy
from serving.recommendation.advised_task import Record
from serving.recommendation.score import Score
from serving.recommendation.wording import EVEN, certainty_phrase

INVOICE_OVERDUE = "INVOICE_OVERDUE"
USUAL_DAYS = 7


def find_overdue_invoice(case: Record, policy: Policy, asked_at: datetime) -> list[Finding]:
    """Find that the goods came longer ago than an invoice usually takes."""
    if case["received_at"] is None or (asked_at - case["received_at"]).days <= USUAL_DAYS:
        return []
    days = (asked_at - case["received_at"]).days
    return [
        Finding(
            code=INVOICE_OVERDUE,
            sentence=f"The goods came {days} days ago and no invoice is booked.",
            measured=days,
            limit=USUAL_DAYS,
            unit="days",
            role=policy.roles[UNINVOICED_RECEIPT.name],
        )
    ]


def case_name(case: Record) -> str:
    """Name a receipt and its supplier."""
    return f"receipt {case['receipt_id']} from {case['supplier_id']}"


def expectation(case: Record, score: Score, findings: Sequence[Finding], policy: Policy) -> str:
    """Say whether the receipt is expected to stay without an invoice."""
    del findings, policy
    will = "is expected to stay without" if score.probability >= EVEN else "is expected to get"
    name = case_name(case)
    return f"{name[0].upper()}{name[1:]} {will} an invoice ({certainty_phrase(score)})."
