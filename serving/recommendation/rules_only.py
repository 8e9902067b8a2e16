"""Recommendation of a case that no model scored: what rules found, else queue it as usual."""

from __future__ import annotations

from collections.abc import Sequence

from data.contracts.sites import SITE_ID
from models.task import Task
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from serving.policy.finding import Finding, FindingCode
from serving.policy.policy import Level, Policy
from serving.recommendation import wording
from serving.recommendation.fallback_ladder import Rung, StepDown, rules_rung
from serving.recommendation.priority import assess_money_at_risk, compute_priority
from serving.recommendation.recommend import (
    CaseInput,
    class_found_by_rule,
    has_findings,
    raise_to_watch,
    responsible_role,
    suggested_action,
)
from serving.recommendation.recommendation import Advice, PolicyVersion

RULE_WEIGHT = "1 as a rule found something"
UNRANKED = "no score, and no rule found anything: ranked last"


def recommend_by_rules(
    asked: CaseInput, findings: Sequence[Finding], policy: Policy, down: Sequence[StepDown]
) -> Advice:
    """The recommendation of a case that no model scored: what rules found, else to queue it.

    down: why every rung with a model was left. Such a case is not drawn for the audit sample:
    there is no score that reviewing it could check.
    """
    task, name, found = asked.task, asked.task.name, has_findings(findings)
    rung, reasons = rules_rung(down, found=found)
    suspect = class_found_by_rule(findings) if name == INVOICE_MISMATCH.name else None
    level = raise_to_watch(Level.NONE, findings)
    instead = policy.abstain[name].instead
    risk = assess_money_at_risk(task, asked.case)
    rank, formula = (
        compute_priority(1.0, risk, policy.money, RULE_WEIGHT) if found else (0.0, UNRANKED)
    )
    return Advice(
        id=asked.id,
        task=name,
        case={str(column): str(asked.case[column]) for column in asked.reference},
        site_id=asked.case[SITE_ID],
        asked_at=asked.asked_at,
        answered_at=asked.answered_at,
        expires_at=asked.answered_at + policy.expiry(name),
        rung=rung,
        rung_reasons=list(reasons),
        sentence=rules_only_sentence(task, asked, findings, rung, down),
        suggested_action=suggested_action(task, level, suspect, policy) if found else instead,
        level=level,
        route=responsible_role(task, suspect, policy),
        explained_class=None,
        probability=None,
        probabilities={},
        interval=None,
        class_set=[],
        delay_days={},
        exception_probability=None,
        similar_cases=None,
        similar_cases_that_ended_so=None,
        flagged=found,
        reasons=[],
        findings=list(findings),
        missing=[],
        unseen=[],
        notes=[],
        money_at_risk=risk.amount,
        money_at_risk_is=risk.how,
        currency=risk.currency,
        priority=rank,
        priority_is=formula,
        model=None,
        policy=PolicyVersion(version=policy.version, digest=policy.digest),
        features_as_of=None,
        snapshot_id=None,
    )


def rules_only_sentence(
    task: Task, asked: CaseInput, findings: Sequence[Finding], rung: Rung, down: Sequence[StepDown]
) -> str:
    """That no model answered, what the rules say of the case, and why there is no score."""
    subject = wording.case_name(task, asked.case)
    why = down[0].sentence if down else ""
    if rung is Rung.RULES:
        first = next(one.sentence for one in findings if one.code != FindingCode.NOT_COMPUTED)
        return f"No score for {subject}; a rule found: {first} {why}".strip()
    return f"No score for {subject}: queue it as usual. {why}".strip()
