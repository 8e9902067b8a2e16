"""Make the recommendation of a case from its score, rule findings and the policy."""

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
from serving.policy.finding import NOT_COMPUTED, Finding
from serving.policy.policy import Policy
from serving.policy.sections import Level
from serving.recommendation.advised_task import AdvisedTask, Record
from serving.recommendation.audit_sample import AUDIT_SAMPLE_NOTE, in_audit_sample
from serving.recommendation.fallback_ladder import Rung, StepDown, abstention_step, rules_rung
from serving.recommendation.priority import MoneyAtRisk, assess_money_at_risk, compute_priority
from serving.recommendation.reasons import reason_groups, top_reasons
from serving.recommendation.recommendation import (
    Abstention,
    Advice,
    Interval,
    ModelVersion,
    PolicyVersion,
)
from serving.recommendation.score import Score
from serving.recommendation.wording import no_advice_sentence

WINDOW_SUFFIX = re.compile(r"_(\d+)d\b")


@dataclass(frozen=True)
class Provenance:
    """Model and history behind an answer.

    features_as_of: end of the history. rung: of the model. down: why better rungs were left.
    """

    model_version: str
    model_digest: str
    features_as_of: date
    snapshot_id: str
    rung: Rung = Rung.CHAMPION
    down: tuple[StepDown, ...] = ()


@dataclass(frozen=True)
class CaseInput:
    """One case to advise on. id: of the recommendation to be made."""

    id: str
    served: AdvisedTask
    case: Record
    asked_at: datetime
    answered_at: datetime

    @property
    def task(self) -> Task:
        """The task that the case is asked for."""
        return self.served.task

    @property
    def reference(self) -> dict[str, str]:
        """The columns that identify the case, with their values."""
        return {str(column): str(self.case[column]) for column in self.served.reference}


def recommend(
    case_input: CaseInput,
    score: Score,
    findings: Sequence[Finding],
    policy: Policy,
    provenance: Provenance,
    abstentions: Sequence[Abstention] = (),
) -> Advice:
    """Recommend what to do with a scored case; with abstentions, say that there is no advice.

    Args:
        case_input: the case.
        score: prediction for it; its reasons may be added later, see `with_reasons`.
        findings: of the rules.
        policy: applied to both.
        provenance: model and history behind the score.
        abstentions: reasons not to advise.
    """
    served, task = case_input.served, case_input.task
    sampled = in_audit_sample(policy.audit_sample, task.name, list(case_input.reference.values()))
    exception = exception_probability(task, score.probabilities)
    level = raise_to_watch(policy.thresholds[task.name].level(exception), findings)
    flagged = level is not Level.NONE or bool(abstentions)
    suspect = None if abstentions else served.suspect(score, findings, level)
    risk = assess_money_at_risk(served, case_input.case, findings)
    rung, steps_down = final_rung(provenance, findings, abstentions)
    return Advice(
        **case_fields(case_input, policy),
        **money_fields(risk, compute_priority(exception, risk, policy.money)),
        **_score_fields(score, exception),
        **reason_fields(score),
        rung=rung,
        rung_reasons=list(steps_down),
        sentence=no_advice_sentence(served, case_input.case, abstentions)
        or served.expectation(case_input.case, score, findings, policy),
        suggested_action=_choose_action(task, level, suspect, policy, abstentions, sampled=sampled),
        level=Level.WATCH if (flagged or sampled) and level is Level.NONE else level,
        route=responsible_role(task, suspect, policy),
        abstained=bool(abstentions),
        abstentions=list(abstentions),
        flagged=flagged,
        audit_sample=sampled,
        audit_share=policy.audit_sample.share,
        findings=list(findings),
        notes=[AUDIT_SAMPLE_NOTE] * sampled
        + list(reader_notes(case_input, score, policy, provenance)),
        model=ModelVersion(
            name=task.name, version=provenance.model_version, digest=provenance.model_digest
        ),
        features_as_of=provenance.features_as_of.isoformat(),
        snapshot_id=provenance.snapshot_id,
    )


def case_fields(case_input: CaseInput, policy: Policy) -> dict[str, Any]:
    """Return the fields of a recommendation that say which case it is of, and until when."""
    return {
        "id": case_input.id,
        "task": case_input.task.name,
        "case": case_input.reference,
        "site_id": case_input.case[SITE_ID],
        "asked_at": case_input.asked_at,
        "answered_at": case_input.answered_at,
        "expires_at": case_input.answered_at + policy.expiry(case_input.task.name),
        "policy": PolicyVersion(version=policy.version, digest=policy.digest),
    }


def money_fields(risk: MoneyAtRisk, priority: tuple[float, str]) -> dict[str, Any]:
    """Return the fields of money at risk and priority. priority: with its formula in words."""
    return {
        "money_at_risk": risk.amount,
        "money_at_risk_is": risk.how,
        "currency": risk.currency,
        "priority": priority[0],
        "priority_is": priority[1],
    }


def _score_fields(score: Score, exception: float) -> dict[str, Any]:
    """Return the fields that only a model can fill, reasons aside."""
    return {
        "explained_class": score.explained,
        "probability": score.probability,
        "probabilities": score.probabilities,
        "interval": Interval(low=score.low, high=score.high),
        "class_set": score.class_set,
        "delay_days": score.quantiles,
        "exception_probability": exception,
        "similar_cases": score.similar,
        "similar_cases_that_ended_so": score.similar_hits,
        "unseen": score.unseen,
    }


def with_reasons(advice: Advice, score: Score) -> Advice:
    """Return the advice with the reasons of its score, which has been explained since."""
    return advice.model_copy(update=reason_fields(score))


def needs_review(advice: Advice) -> bool:
    """Whether a person is to look at the case: it is flagged, or in the audit sample."""
    return advice.flagged or advice.audit_sample


def reason_fields(score: Score) -> dict[str, Any]:
    """Return the fields of a recommendation that explain its score."""
    if score.steps is None:
        return {"explained": False, "reason_groups": [], "reasons": [], "missing": []}
    return {
        "explained": True,
        "reason_groups": reason_groups(score),
        "reasons": top_reasons(score),
        "missing": missing_facts(score),
    }


def exception_probability(task: Task, probabilities: Mapping[str, float]) -> float:
    """Return the probability that anything goes wrong.

    That of the event of a binary task, else of any class but the first (CLEAN).
    """
    if task.binary:
        return probabilities[task.classes[1]]
    return 1.0 - probabilities.get(task.classes[0], 0.0)


def final_rung(
    provenance: Provenance, findings: Sequence[Finding], abstentions: Sequence[Abstention]
) -> tuple[Rung, tuple[StepDown, ...]]:
    """Return the rung of an answer and why better ones were left.

    An abstention steps down from its model to what the rules found.
    """
    if not abstentions:
        return provenance.rung, provenance.down
    codes = [abstention.code for abstention in abstentions]
    step = abstention_step(provenance.rung, codes, abstentions[0].sentence)
    return rules_rung([*provenance.down, step], found=has_findings(findings))


def has_findings(findings: Sequence[Finding]) -> bool:
    """Whether a rule found anything; that it could not be computed is no finding."""
    return any(finding.code != NOT_COMPUTED for finding in findings)


def raise_to_watch(level: Level, findings: Sequence[Finding]) -> Level:
    """Raise the level to `watch` where a rule found something."""
    return Level.WATCH if has_findings(findings) and level is Level.NONE else level


def suggested_action(
    task: Task,
    level: Level,
    suspect: ExceptionClass | None,
    policy: Policy,
) -> str:
    """Return what a person might do, by the suspected class, else by the level."""
    if suspect is not None:
        return policy.classes[suspect].suggestion
    return policy.suggestions[task.name][level]


def _choose_action(
    task: Task,
    level: Level,
    suspect: ExceptionClass | None,
    policy: Policy,
    abstentions: Sequence[Abstention],
    *,
    sampled: bool,
) -> str:
    """Return what a person might do without advice, for the audit sample, or by the score."""
    if abstentions:
        return policy.abstain[task.name].instead
    if sampled and level is Level.NONE:
        return policy.audit_sample.suggestion
    return suggested_action(task, level, suspect, policy)


def responsible_role(task: Task, suspect: ExceptionClass | None, policy: Policy) -> str:
    """Return the role that should see the case: owner of the suspected class, else of the task."""
    return policy.roles[task.name] if suspect is None else policy.classes[suspect].role


def missing_facts(score: Score) -> list[str]:
    """List the features without a value, each with what that means."""
    return [
        f"{step.feature}: {step.sentence.removeprefix('missing: ')}"
        for step in score.steps or ()
        if step.value is None and step.feature != OTHER_FEATURES
    ]


def history_age_days(case_input: CaseInput, provenance: Provenance) -> int:
    """Count the days from the end of the history to the moment asked about."""
    return (case_input.asked_at.date() - provenance.features_as_of).days


def reader_notes(
    case_input: CaseInput, score: Score, policy: Policy, provenance: Provenance
) -> Iterator[str]:
    """Yield what a reader should know before trusting the probability."""
    age = history_age_days(case_input, provenance)
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
