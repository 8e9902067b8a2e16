"""Evidence of an invoice line: findings that lead whatever a model says of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from data.contracts.invoice_outcomes import ExceptionClass as Ends
from data.contracts.purchase_orders import LineState
from serving.policy.finding import Finding
from serving.policy.policy import Policy
from serving.policy.sections import Level
from serving.recommendation.evidence import Evidence
from serving.tasks.invoice_mismatch.documents import Case
from serving.tasks.invoice_mismatch.line_arithmetic import LINE_ARITHMETIC
from serving.tasks.invoice_mismatch.suggestions import suggestion_for

LEADING_CODES = (Ends.DUPLICATE, LINE_ARITHMETIC)
"""Findings that say by themselves what is to be done, the first that is found leading."""


def invoice_evidence(
    case: Case, findings: Sequence[Finding], asked_at: datetime, policy: Policy
) -> Evidence | None:
    """Let a probable duplicate lead, a line that does not add up, else what a rule computed.

    Only the first two and a cancelled order line call for a level by themselves; a variance
    leaves it to model and rules.
    """
    del asked_at
    by_code = {finding.code: finding for finding in findings}
    code = next((code for code in LEADING_CODES if code in by_code), None)
    level = None if code is None else Level.ACT
    code = code or next((f.code for f in findings if f.flags and f.code in set(Ends)), None)
    if code is None:
        return None
    if code == Ends.PO_REFERENCE and case.get("line_state") == LineState.CANCELLED:
        level = Level.ACT
    return Evidence(
        sentence=f"Invoice line {case['invoice_line_id']}: {by_code[code].sentence}",
        level=level,
        suggestion=suggestion_for(case, by_code[code], policy),
        codes=(str(code),),
    )
