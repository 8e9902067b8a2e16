"""Sentences about an open order line: its name, and whether it is expected to come late."""

from __future__ import annotations

from collections.abc import Sequence

from serving.policy.finding import Finding
from serving.policy.policy import Policy
from serving.recommendation.advised_task import Record
from serving.recommendation.score import Score
from serving.recommendation.wording import EVEN, certainty_phrase, delay_phrase
from serving.tasks.supplier_delay.rules import DelayFinding


def case_name(case: Record) -> str:
    """Name an order line and its supplier."""
    return f"order line {case['po_line_id']} from {case['supplier_id']}"


def expectation(case: Record, score: Score, findings: Sequence[Finding], policy: Policy) -> str:
    """Say how late the line is by the calendar, else whether it is expected to come late."""
    del policy
    return _overdue_sentence(case, score, findings) or _delay_sentence(case, score)


def _delay_sentence(case: Record, score: Score) -> str:
    will = "is expected to come late" if score.probability >= EVEN else "is expected on time"
    text = (
        f"Order line {case['po_line_id']} from {case['supplier_id']} {will} (late: "
        f"{certainty_phrase(score)})."
    )
    quantiles = score.quantiles
    if {"0.1", "0.5", "0.9"} <= set(quantiles):
        text += (
            f" Most likely {delay_phrase(quantiles['0.5'])}; 8 of 10 such lines come between "
            f"{delay_phrase(quantiles['0.1'])} and {delay_phrase(quantiles['0.9'])}."
        )
    return text


def _overdue_sentence(case: Record, score: Score, findings: Sequence[Finding]) -> str:
    """Describe a line whose promise has passed; empty for any other line.

    A forecast of its delay would say less than the calendar does.
    """
    for finding in findings:
        if finding.code == DelayFinding.PROMISE_PASSED and finding.measured is not None:
            return (
                f"Order line {case['po_line_id']} from {case['supplier_id']} is "
                f"{delay_phrase(finding.measured)} as far as is known: its promise has "
                "passed and goods "
                f"are still out (late when posted: {certainty_phrase(score)})."
            )
    return ""
