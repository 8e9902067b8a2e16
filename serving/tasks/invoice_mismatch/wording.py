"""Sentences about an invoice line, and the exception class to look for."""

from __future__ import annotations

from collections.abc import Sequence

from data.contracts.invoice_outcomes import ExceptionClass
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from serving.policy.finding import Finding
from serving.policy.policy import Policy
from serving.policy.sections import Level
from serving.recommendation.advised_task import Record
from serving.recommendation.score import Score
from serving.recommendation.wording import EVEN, certainty_phrase, percent


def case_name(case: Record) -> str:
    """Name an invoice line."""
    return f"invoice line {case['invoice_line_id']}"


def expectation(case: Record, score: Score, findings: Sequence[Finding], policy: Policy) -> str:
    """Say with which exception, if any, the line is expected to end."""
    del findings
    known = policy.classes[ExceptionClass(score.explained)]
    line = f"Invoice line {case['invoice_line_id']}"
    if score.explained == ExceptionClass.CLEAN and score.probability < EVEN:
        return (
            f"{line} is likelier to end in an exception ({percent(1 - score.probability)}) than "
            f"without one ({certainty_phrase(score)}), but no single kind is likelier than none."
        )
    says = f"{line} is expected to end with {known.says} ({certainty_phrase(score)})"
    return f"{says}{_possible_exception(score, policy)}."


def _possible_exception(score: Score, policy: Policy) -> str:
    """Name the likeliest exception of a line that is expected to be clean, where it is possible."""
    if score.explained != ExceptionClass.CLEAN:
        return ""
    name = _likeliest_exception(score)
    probability = score.probabilities[name]
    if probability < policy.thresholds[INVOICE_MISMATCH.name].watch:
        return ""
    return f"; {percent(probability)} for {policy.classes[name].says}"


def _likeliest_exception(score: Score) -> ExceptionClass:
    others = {name: p for name, p in score.probabilities.items() if name != ExceptionClass.CLEAN}
    return ExceptionClass(max(others, key=lambda name: others[name]))


def suspected_class(
    score: Score | None, findings: Sequence[Finding], level: Level
) -> ExceptionClass | None:
    """Return the likeliest exception class, else the first that a rule found.

    A line that the model expects to be clean, where no rule found a class but the level asks
    for a look, is suspected of the likeliest class besides CLEAN.
    """
    if score is not None and score.explained != ExceptionClass.CLEAN:
        return ExceptionClass(score.explained)
    if (found := _class_found_by_rule(findings)) is not None:
        return found
    if score is None or level is Level.NONE:
        return None
    return _likeliest_exception(score)


def _class_found_by_rule(findings: Sequence[Finding]) -> ExceptionClass | None:
    known = set(ExceptionClass)
    return next((ExceptionClass(one.code) for one in findings if one.code in known), None)
