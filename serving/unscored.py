"""The lower rungs: what is recommended where no model answers. Pure: rules and policy alone."""

from __future__ import annotations

from collections.abc import Sequence

from data.contracts.sites import SITE_ID
from models.task import Task, TaskName
from serving import wording
from serving.ladder import Rung, StepDown, by_rules
from serving.money import at_risk, priority
from serving.policy.finding import Code, Finding
from serving.policy.policy import Level, Policy
from serving.recommend import Asked, found_by_rule, raised, route, something, suggestion
from serving.recommendation import Advice, PolicyVersion

BY_RULE = "1 as a rule found something"
NO_RANK = "no score, and no rule found anything: ranked last"


def unscored(
    asked: Asked, findings: Sequence[Finding], policy: Policy, down: Sequence[StepDown]
) -> Advice:
    """The recommendation of a case that no model scored: what rules found, else to queue it.

    down: why every rung with a model was left. Such a case is not drawn for the audit sample:
    there is no score that reviewing it could check.
    """
    task, name, found = asked.task, asked.task.name, something(findings)
    rung, reasons = by_rules(down, found=found)
    suspect = found_by_rule(findings) if name is TaskName.INVOICE_MISMATCH else None
    level = raised(Level.NONE, findings)
    instead = policy.abstain[name].instead
    risk = at_risk(task, asked.case)
    rank, formula = priority(1.0, risk, policy.money, BY_RULE) if found else (0.0, NO_RANK)
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
        sentence=sentence(task, asked, findings, rung, down),
        suggested_action=suggestion(task, level, suspect, policy) if found else instead,
        level=level,
        route=route(task, suspect, policy),
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


def sentence(
    task: Task, asked: Asked, findings: Sequence[Finding], rung: Rung, down: Sequence[StepDown]
) -> str:
    """That no model answered, what the rules say of the case, and why there is no score."""
    subject = wording.subject(task, asked.case)
    why = down[0].sentence if down else ""
    if rung is Rung.RULES:
        first = next(one.sentence for one in findings if one.code != Code.NOT_COMPUTED)
        return f"No score for {subject}; a rule found: {first} {why}".strip()
    return f"No score for {subject}: queue it as usual. {why}".strip()
