"""Sentences about an open order line: its name, and whether it is expected to come late."""

from __future__ import annotations

from collections.abc import Sequence

from data.calendar_days import local_day, promise_day
from serving.policy.finding import Finding
from serving.policy.policy import Policy
from serving.recommendation.advised_task import Record
from serving.recommendation.score import Score
from serving.recommendation.wording import EVEN, certainty_phrase, delay_phrase


def case_name(case: Record) -> str:
    """Name an order line and its supplier."""
    name, supplier = case["supplier_name"], case["supplier_id"]
    who = f"{name} ({supplier})" if name else supplier
    return f"order line {case['po_line_id']} from {who}"


def lower_first(text: str) -> str:
    """Write a sentence so that it can follow a colon."""
    return f"{text[0].lower()}{text[1:]}"


def about_line(case: Record, says: str) -> str:
    """Write a sentence with the name of its order line in front."""
    subject = case_name(case)
    return f"{subject[0].upper()}{subject[1:]}: {lower_first(says)}"


def expectation(case: Record, score: Score, findings: Sequence[Finding], policy: Policy) -> str:
    """Say whether a line is expected to come late; what is certain of it leads elsewhere."""
    del findings, policy
    will = "is expected to come late" if score.probability >= EVEN else "is expected on time"
    subject = case_name(case)
    text = f"{subject[0].upper()}{subject[1:]} {will} (late: {certainty_phrase(score)})."
    return text + _delay_sentence(case, score)


def _delay_sentence(case: Record, score: Score) -> str:
    """Say how late such lines come; empty where that would contradict the probability.

    What has not come when asked about cannot have come before that day.
    """
    quantiles = score.quantiles
    if not {"0.1", "0.5", "0.9"} <= set(quantiles):
        return ""
    if (round(quantiles["0.5"]) > 0) is not (score.probability >= EVEN):
        return ""
    zone = case["time_zone"]
    today = (local_day(case["asked_at"], zone) - promise_day(case["promised_at"], zone)).days
    low, middle, high = (max(quantiles[name], today) for name in ("0.1", "0.5", "0.9"))
    return (
        f" Most likely {delay_phrase(middle)}; 8 of 10 such lines come between "
        f"{delay_phrase(low)} and {delay_phrase(high)}."
    )
