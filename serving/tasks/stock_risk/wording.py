"""Sentences about a site-item: its name, and whether it is expected to run out."""

from __future__ import annotations

from collections.abc import Sequence

from models.tasks.stock_risk import STOCK_RISK
from serving.policy.finding import Finding
from serving.policy.policy import Policy
from serving.recommendation.advised_task import Record
from serving.recommendation.score import Score
from serving.recommendation.wording import EVEN, certainty_phrase


def case_name(case: Record) -> str:
    """Name an item at a site."""
    return f"item {case['item_id']} at site {case['site_id']}"


def expectation(case: Record, score: Score, findings: Sequence[Finding], policy: Policy) -> str:
    """Say whether the site is expected to run out of the item within the horizon."""
    del findings, policy
    will = "is expected to" if score.probability >= EVEN else "is not expected to"
    return (
        f"Site {case['site_id']} {will} run out of item {case['item_id']} within "
        f"{STOCK_RISK.horizon_days} days ({certainty_phrase(score)})."
    )
