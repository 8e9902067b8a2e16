"""Make the recommendation of a case from its score, rule findings and the policy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from data.contracts.exchange_rates import EXCHANGE_RATE
from data.contracts.sites import SITE_ID
from models.explanation import OTHER_FEATURES
from models.task import Task
from serving.policy.finding import NOT_COMPUTED, Finding
from serving.policy.policy import Policy
from serving.policy.sections import Level
from serving.recommendation.advised_task import AdvisedTask, Record
from serving.recommendation.assessment import Assessment, exception_probability
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
from serving.recommendation.sentences import disagreement_note, overruled_note, scored_sentence

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
        abstentions: reasons not to advise on the score.
    """
    assessed = assess(case_input, findings, policy, score, abstentions)
    task, level = case_input.task, assessed.level
    sampled = in_audit_sample(policy.audit_sample, task.name, list(case_input.reference.values()))
    only_sampled = sampled and not assessed.flagged and not assessed.settled
    rung, steps_down = final_rung(provenance, assessed)
    return Advice(
        **case_fields(case_input, policy),
        **money_fields(case_input, assessed),
        **_score_fields(score, exception_probability(task, score.probabilities)),
        **reason_fields(score),
        rung=rung,
        rung_reasons=list(steps_down),
        sentence=scored_sentence(case_input.case, assessed, score),
        suggested_action=policy.audit_sample.suggestion
        if only_sampled
        else assessed.suggested_action,
        level=Level.WATCH if only_sampled else level,
        route=assessed.route,
        abstained=assessed.abstained,
        abstentions=assessed.abstentions,
        flagged=assessed.flagged,
        audit_sample=sampled,
        audit_share=policy.audit_sample.share,
        findings=list(findings),
        notes=[AUDIT_SAMPLE_NOTE] * sampled
        + list(reader_notes(case_input, assessed, score, provenance)),
        model=ModelVersion(
            name=task.name, version=provenance.model_version, digest=provenance.model_digest
        ),
        features_as_of=provenance.features_as_of.isoformat(),
        snapshot_id=provenance.snapshot_id,
    )


def assess(
    case_input: CaseInput,
    findings: Sequence[Finding],
    policy: Policy,
    score: Score | None = None,
    abstentions: Sequence[Abstention] = (),
) -> Assessment:
    """Assess a case from what the facts, the rules and the model say of it."""
    served = case_input.served
    evidence = served.evidence(case_input.case, findings, case_input.asked_at, policy)
    return Assessment(served, findings, evidence, policy, score, abstentions)


def case_fields(case_input: CaseInput, policy: Policy) -> dict[str, Any]:
    """Return the fields of a recommendation that say which case it is of, and until when."""
    return {
        "id": case_input.id,
        "task": case_input.task.name,
        "case": case_input.reference,
        "site_id": case_input.case[SITE_ID],
        "asked_at": case_input.asked_at,
        "answered_at": case_input.answered_at,
        "expires_at": case_input.asked_at + policy.expiry(case_input.task.name),
        "policy": PolicyVersion(version=policy.version, digest=policy.digest),
    }


def money_fields(case_input: CaseInput, assessed: Assessment) -> dict[str, Any]:
    """Return the fields of money at risk and priority."""
    case, money = case_input.case, assessed.policy.money
    risk = assess_money_at_risk(
        assessed.served, case, assessed.findings, nothing_to_do=assessed.nothing_to_do
    )
    priority = compute_priority(assessed.weight, risk, money, case.get(EXCHANGE_RATE))
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


def final_rung(provenance: Provenance, assessed: Assessment) -> tuple[Rung, tuple[StepDown, ...]]:
    """Return the rung of an answer and why better ones were left.

    An abstention steps down from its model to what the facts and the rules say.
    """
    abstentions = assessed.abstentions
    if not abstentions:
        return provenance.rung, provenance.down
    codes = [abstention.code for abstention in abstentions]
    step = abstention_step(provenance.rung, codes, abstentions[0].sentence)
    return rules_rung([*provenance.down, step], found=rests_on_facts(assessed))


def rests_on_facts(assessed: Assessment) -> bool:
    """Return true if facts or rules say something; a rule that was not computed says nothing."""
    return assessed.evidence is not None or any(
        finding.code != NOT_COMPUTED for finding in assessed.findings
    )


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
    case_input: CaseInput, assessed: Assessment, score: Score, provenance: Provenance
) -> Iterator[str]:
    """Yield what a reader should know before trusting the probability."""
    age = history_age_days(case_input, provenance)
    oldest = assessed.policy.history.oldest_days
    if assessed.settled:
        yield overruled_note(assessed, score)
    elif not score.low <= score.probability <= score.high:
        yield disagreement_note(score)
    if age > oldest:
        yield (
            f"The history behind this answer ends {age} days before the question "
            f"({oldest} are allowed)."
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
