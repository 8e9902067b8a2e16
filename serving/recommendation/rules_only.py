"""Recommend by rules alone, where no model scored the case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from serving.policy.finding import Finding
from serving.policy.policy import Policy
from serving.recommendation.fallback_ladder import StepDown, rules_rung
from serving.recommendation.recommend import (
    CaseInput,
    assess,
    case_fields,
    money_fields,
    rests_on_facts,
)
from serving.recommendation.recommendation import Advice
from serving.recommendation.sentences import rules_only_sentence

# Fields of a recommendation that only a model can fill.
NO_SCORE: Mapping[str, Any] = {
    "explained_class": None,
    "probability": None,
    "probabilities": {},
    "interval": None,
    "class_set": [],
    "delay_days": {},
    "exception_probability": None,
    "similar_cases": None,
    "similar_cases_that_ended_so": None,
    "reasons": [],
    "missing": [],
    "unseen": [],
    "notes": [],
    "model": None,
    "features_as_of": None,
    "snapshot_id": None,
}


def recommend_by_rules(
    case_input: CaseInput, findings: Sequence[Finding], policy: Policy, down: Sequence[StepDown]
) -> Advice:
    """Recommend what the rules found about a case, else to queue it as usual.

    The case is never in the audit sample, as there is no score that a review could check.

    Args:
        case_input: the case.
        findings: of the rules.
        policy: applied to them.
        down: why every rung with a model was left.
    """
    assessed = assess(case_input, findings, policy)
    rung, steps_down = rules_rung(down, found=rests_on_facts(assessed))
    return Advice(
        **case_fields(case_input, policy),
        **money_fields(case_input, assessed),
        **NO_SCORE,
        rung=rung,
        rung_reasons=list(steps_down),
        sentence=rules_only_sentence(case_input.case, assessed, rung, down),
        suggested_action=assessed.suggested_action,
        level=assessed.level,
        route=assessed.route,
        flagged=assessed.flagged,
        findings=list(findings),
    )
