"""Recommend by rules alone, where no model scored the case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from serving.policy.finding import NOT_COMPUTED, Finding
from serving.policy.policy import Policy
from serving.policy.sections import Level
from serving.recommendation.fallback_ladder import Rung, StepDown, rules_rung
from serving.recommendation.priority import assess_money_at_risk, compute_priority
from serving.recommendation.recommend import (
    CaseInput,
    case_fields,
    has_findings,
    money_fields,
    raise_to_watch,
    responsible_role,
    suggested_action,
)
from serving.recommendation.recommendation import Advice

RULE_WEIGHT = "1 as a rule found something"
UNRANKED = (0.0, "no score, and no rule found anything: ranked last")

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
    task, found = case_input.task, has_findings(findings)
    rung, steps_down = rules_rung(down, found=found)
    level = raise_to_watch(Level.NONE, findings)
    suspect = case_input.served.suspect(None, findings, level)
    instead = policy.abstain[task.name].instead
    risk = assess_money_at_risk(case_input.served, case_input.case, findings)
    priority = compute_priority(1.0, risk, policy.money, RULE_WEIGHT) if found else UNRANKED
    return Advice(
        **case_fields(case_input, policy),
        **money_fields(risk, priority),
        **NO_SCORE,
        rung=rung,
        rung_reasons=list(steps_down),
        sentence=rules_only_sentence(case_input, findings, rung, down),
        suggested_action=suggested_action(task, level, suspect, policy) if found else instead,
        level=level,
        route=responsible_role(task, suspect, policy),
        flagged=found,
        findings=list(findings),
    )


def rules_only_sentence(
    case_input: CaseInput, findings: Sequence[Finding], rung: Rung, down: Sequence[StepDown]
) -> str:
    """Say that there is no score, the first thing that a rule found, and why no model answered."""
    subject = case_input.served.case_name(case_input.case)
    why = down[0].sentence if down else ""
    if rung is Rung.RULES:
        first = next(one.sentence for one in findings if one.code != NOT_COMPUTED)
        return f"No score for {subject}; a rule found: {first} {why}".strip()
    return f"No score for {subject}: queue it as usual. {why}".strip()
