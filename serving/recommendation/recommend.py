"""Make a recommendation of a score, rule findings and the policy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from data.contracts.invoice_outcomes import ExceptionClass
from data.contracts.sites import SITE_ID
from models.explanation import OTHER_FEATURES
from models.task import Task
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from serving.policy.finding import Finding, FindingCode
from serving.policy.policy import Level, Policy
from serving.recommendation import wording
from serving.recommendation.audit_sample import AUDIT_SAMPLE_NOTE, in_audit_sample
from serving.recommendation.fallback_ladder import Rung, StepDown, abstention_step, rules_rung
from serving.recommendation.priority import assess_money_at_risk, compute_priority
from serving.recommendation.reasons import reason_groups, top_reasons
from serving.recommendation.recommendation import (
    Abstention,
    Advice,
    Interval,
    ModelVersion,
    PolicyVersion,
)
from serving.recommendation.score import Score

Record = Mapping[str, Any]
WINDOW_SUFFIX = re.compile(r"_(\d+)d\b")


@dataclass(frozen=True)
class Provenance:
    """What an answer was made from. rung: whose model. down: why better rungs were left."""

    model_version: str
    model_digest: str
    features_as_of: date
    snapshot_id: str
    rung: Rung = Rung.CHAMPION
    down: tuple[StepDown, ...] = ()


@dataclass(frozen=True)
class CaseInput:
    """One case that was asked: its plain values, its name, and when."""

    id: str
    task: Task
    case: Record
    reference: tuple[str, ...]
    asked_at: datetime
    answered_at: datetime


def recommend(
    asked: CaseInput,
    score: Score,
    findings: Sequence[Finding],
    policy: Policy,
    made_from: Provenance,
    abstentions: Sequence[Abstention] = (),
) -> Advice:
    """The recommendation of one case; with abstentions, that there is no advice, and why."""
    task, name = asked.task, asked.task.name
    reference = {str(column): str(asked.case[column]) for column in asked.reference}
    sampled = in_audit_sample(policy.audit_sample, name, list(reference.values()))
    wrong = exception_probability(task, score.probabilities)
    flagged = raise_to_watch(policy.thresholds[name].level(wrong), findings)
    worth_a_look = flagged is not Level.NONE or bool(abstentions)
    suspect = None if abstentions else suspected_class(task, score, findings, flagged)
    risk = assess_money_at_risk(task, asked.case)
    rank, formula = compute_priority(wrong, risk, policy.money)
    rung, reasons_down = final_rung(made_from, findings, abstentions)
    return Advice(
        id=asked.id,
        task=name,
        case=reference,
        site_id=asked.case[SITE_ID],
        asked_at=asked.asked_at,
        answered_at=asked.answered_at,
        expires_at=asked.answered_at + policy.expiry(name),
        rung=rung,
        rung_reasons=list(reasons_down),
        sentence=wording.no_advice_sentence(task, asked.case, abstentions)
        or wording.expectation_sentence(task, asked.case, score, findings, policy),
        suggested_action=_choose_action(
            task, flagged, suspect, policy, abstentions, sampled=sampled
        ),
        level=Level.WATCH if (worth_a_look or sampled) and flagged is Level.NONE else flagged,
        route=responsible_role(task, suspect, policy),
        explained_class=score.explained,
        probability=score.probability,
        probabilities=score.probabilities,
        interval=Interval(low=score.low, high=score.high),
        class_set=score.class_set,
        delay_days=score.quantiles,
        exception_probability=wrong,
        similar_cases=score.similar,
        similar_cases_that_ended_so=score.similar_hits,
        abstained=bool(abstentions),
        abstentions=list(abstentions),
        flagged=worth_a_look,
        audit_sample=sampled,
        audit_share=policy.audit_sample.share,
        **reason_fields(score),
        findings=list(findings),
        unseen=score.unseen,
        notes=[AUDIT_SAMPLE_NOTE] * sampled + list(reader_notes(asked, score, policy, made_from)),
        money_at_risk=risk.amount,
        money_at_risk_is=risk.how,
        currency=risk.currency,
        priority=rank,
        priority_is=formula,
        model=ModelVersion(
            name=name, version=made_from.model_version, digest=made_from.model_digest
        ),
        policy=PolicyVersion(version=policy.version, digest=policy.digest),
        features_as_of=made_from.features_as_of.isoformat(),
        snapshot_id=made_from.snapshot_id,
    )


def with_reasons(advice: Advice, score: Score) -> Advice:
    """The same advice with the reasons of its score, which was explained since."""
    return advice.model_copy(update=reason_fields(score))


def needs_review(advice: Advice) -> bool:
    """Whether somebody is to look at the case: for what was found, or to check the model."""
    return bool(advice.flagged) or advice.audit_sample


def reason_fields(score: Score) -> dict[str, Any]:
    """What a recommendation says of the reasons of its score."""
    if score.steps is None:
        return {"explained": False, "reason_groups": [], "reasons": [], "missing": []}
    return {
        "explained": True,
        "reason_groups": reason_groups(score),
        "reasons": top_reasons(score),
        "missing": missing_facts(score),
    }


def exception_probability(task: Task, probabilities: Mapping[str, float]) -> float:
    """Probability that anything goes wrong: the event, or any class but CLEAN."""
    if task.binary:
        return probabilities[task.classes[1]]
    return 1.0 - probabilities.get(ExceptionClass.CLEAN, 0.0)


def final_rung(
    made_from: Provenance, findings: Sequence[Finding], abstentions: Sequence[Abstention]
) -> tuple[Rung, tuple[StepDown, ...]]:
    """The rung of an answer: an abstention steps down from its model to what rules found."""
    if not abstentions:
        return made_from.rung, made_from.down
    codes = [one.code for one in abstentions]
    left = abstention_step(made_from.rung, codes, abstentions[0].sentence)
    return rules_rung([*made_from.down, left], found=has_findings(findings))


def has_findings(findings: Sequence[Finding]) -> bool:
    """Whether a rule found something, and not only that it could not be computed."""
    return any(finding.code != FindingCode.NOT_COMPUTED for finding in findings)


def raise_to_watch(level: Level, findings: Sequence[Finding]) -> Level:
    """The level, at least `watch` where a rule found something."""
    return Level.WATCH if has_findings(findings) and level is Level.NONE else level


def suspected_class(
    task: Task, score: Score, findings: Sequence[Finding], level: Level
) -> ExceptionClass | None:
    """The exception class to look for: the likeliest, else what a rule found, else none."""
    if task.name != INVOICE_MISMATCH.name:
        return None
    if score.explained != ExceptionClass.CLEAN:
        return ExceptionClass(score.explained)
    if (found := class_found_by_rule(findings)) is not None:
        return found
    if level is Level.NONE:
        return None
    others = {name: p for name, p in score.probabilities.items() if name != ExceptionClass.CLEAN}
    return ExceptionClass(max(others, key=lambda name: others[name]))


def class_found_by_rule(findings: Sequence[Finding]) -> ExceptionClass | None:
    """The first exception class of an invoice that a rule found."""
    known = set(ExceptionClass)
    return next((ExceptionClass(one.code) for one in findings if one.code in known), None)


def suggested_action(
    task: Task,
    level: Level,
    suspect: ExceptionClass | None,
    policy: Policy,
) -> str:
    """What a person might do, in plain words."""
    if suspect is not None:
        return policy.classes[suspect].suggestion
    return policy.suggestions[task.name][level]


def _choose_action(
    task: Task,
    flagged: Level,
    suspect: ExceptionClass | None,
    policy: Policy,
    abstentions: Sequence[Abstention],
    *,
    sampled: bool,
) -> str:
    """What a person might do: without a score, for the sample's sake, or as the score says."""
    if abstentions:
        return policy.abstain[task.name].instead
    if sampled and flagged is Level.NONE:
        return policy.audit_sample.suggestion
    return suggested_action(task, flagged, suspect, policy)


def responsible_role(task: Task, suspect: ExceptionClass | None, policy: Policy) -> str:
    """The role that should see it: owner of the suspected class, else of the task."""
    return policy.roles[task.name] if suspect is None else policy.classes[suspect].role


def missing_facts(score: Score) -> list[str]:
    """Facts that were missing, each with what that means."""
    return [
        f"{step.feature}: {step.sentence.removeprefix('missing: ')}"
        for step in score.steps or ()
        if step.value is None and step.feature != OTHER_FEATURES
    ]


def history_age_days(asked: CaseInput, made_from: Provenance) -> int:
    """Days from the end of the history to the moment asked about."""
    return (asked.asked_at.date() - made_from.features_as_of).days


def reader_notes(
    asked: CaseInput, score: Score, policy: Policy, made_from: Provenance
) -> Iterator[str]:
    """What a reader should know before trusting the number."""
    age = history_age_days(asked, made_from)
    if age > policy.history.oldest_days:
        yield (
            f"The history behind this answer ends {age} days before the question "
            f"({policy.history.oldest_days} are allowed)."
        )
    if age < 0:
        yield "The history behind this answer reaches past the moment asked about."
    if score.unseen:
        yield f"Never seen in training, treated as unknown: {_list_features(score.unseen)}."
    if score.outside:
        yield f"Outside anything seen in training: {_list_features(score.outside)}."


def _list_features(features: Sequence[str]) -> str:
    return ", ".join(map(_feature_phrase, features))


@lru_cache(1024)
def _feature_phrase(feature: str) -> str:
    return WINDOW_SUFFIX.sub(r" \1 days", feature).replace("_", " ")
