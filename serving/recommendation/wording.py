"""Sentences of a recommendation: what is expected of a case and how sure, in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data.contracts.invoice_outcomes import ExceptionClass
from models.task import Task
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.policy.finding import Finding, FindingCode
from serving.policy.policy import Policy
from serving.recommendation.recommendation import Abstention
from serving.recommendation.score import Score

Record = Mapping[str, Any]
EVEN = 0.5


def expectation_sentence(
    task: Task, case: Record, score: Score, findings: Sequence[Finding], policy: Policy
) -> str:
    """What is expected, and how sure; what a rule knows for certain comes before a forecast."""
    match task.name:
        case STOCK_RISK.name:
            return _stock(task, case, score)
        case INVOICE_MISMATCH.name:
            return _invoice(case, score, policy)
        case SUPPLIER_DELAY.name:
            return _overdue(case, score, findings) or _delay(case, score)
        case _:
            raise ValueError(f"no task {task.name!r}")


def no_advice_sentence(task: Task, case: Record, abstentions: Sequence[Abstention]) -> str:
    """That there is no advice on the case, and why; nothing where there is advice."""
    if not abstentions:
        return ""
    return f"No advice on {case_name(task, case)}: {abstentions[0].sentence}"


def case_name(task: Task, case: Record) -> str:
    """The case by its name."""
    match task.name:
        case STOCK_RISK.name:
            return f"item {case['item_id']} at site {case['site_id']}"
        case INVOICE_MISMATCH.name:
            return f"invoice line {case['invoice_line_id']}"
        case SUPPLIER_DELAY.name:
            return f"order line {case['po_line_id']} from {case['supplier_id']}"
        case _:
            raise ValueError(f"no task {task.name!r}")


def percent(probability: float) -> str:
    """A probability as whole percent; never a certainty that the model does not claim."""
    if 0 < probability < 0.01:
        return "under 1%"
    if 0.99 < probability < 1:
        return "over 99%"
    return f"{probability:.0%}"


def delay_phrase(value: float) -> str:
    """A delay in words."""
    whole = round(abs(value))
    noun = "day" if whole == 1 else "days"
    if whole == 0:
        return "on time"
    return f"{whole} {noun} {'late' if value > 0 else 'early'}"


def _certainty_phrase(score: Score) -> str:
    between = f"{percent(score.low)} to {percent(score.high)}"
    return f"{percent(score.probability)} likely, {between} in similar past cases"


def _stock(task: Task, case: Record, score: Score) -> str:
    will = "is expected to" if score.probability >= EVEN else "is not expected to"
    return (
        f"Site {case['site_id']} {will} run out of item {case['item_id']} within "
        f"{task.horizon_days} days ({_certainty_phrase(score)})."
    )


def _delay(case: Record, score: Score) -> str:
    will = "is expected to come late" if score.probability >= EVEN else "is expected on time"
    text = (
        f"Order line {case['po_line_id']} from {case['supplier_id']} {will} (late: "
        f"{_certainty_phrase(score)})."
    )
    held = score.quantiles
    if {"0.1", "0.5", "0.9"} <= set(held):
        text += (
            f" Most likely {delay_phrase(held['0.5'])}; 8 of 10 such lines come between "
            f"{delay_phrase(held['0.1'])} and {delay_phrase(held['0.9'])}."
        )
    return text


def _overdue(case: Record, score: Score, findings: Sequence[Finding]) -> str:
    """A line whose promise is over: a forecast of its delay would say less than the calendar."""
    for finding in findings:
        if finding.code == FindingCode.PROMISE_PASSED and finding.measured is not None:
            return (
                f"Order line {case['po_line_id']} from {case['supplier_id']} is "
                f"{delay_phrase(finding.measured)} as far as is known: its promise has "
                "passed and goods "
                f"are still out (late when posted: {_certainty_phrase(score)})."
            )
    return ""


def _invoice(case: Record, score: Score, policy: Policy) -> str:
    known = policy.classes[ExceptionClass(score.explained)]
    line = f"Invoice line {case['invoice_line_id']}"
    if score.explained == ExceptionClass.CLEAN and score.probability < EVEN:
        return (
            f"{line} is likelier to end in an exception ({percent(1 - score.probability)}) than "
            f"without one ({_certainty_phrase(score)}), but no single kind is likelier than none."
        )
    return f"{line} is expected to end with {known.says} ({_certainty_phrase(score)})."
