"""Recompute recorded answers with the same steps as the service."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from serving.audit.log.entry import Draft
from serving.model_registry.champions import LoadedModel
from serving.pipeline.advice import (
    advise,
    advise_by_rules,
    explain_advices,
    rules_only_draft,
    scored_draft,
)
from serving.pipeline.scoring import ScoredBatch, score_cases
from serving.policy.policy import Policy
from serving.recommendation.fallback_ladder import Rung, StepDown, Trigger
from serving.recommendation.recommend import CaseInput, Provenance, needs_review
from serving.recommendation.recommendation import Advice
from serving.replay.recorded_answer import (
    AnswerBasis,
    RecordedAnswer,
    RecordedPast,
    unreadable_error,
)
from serving.replay.sources import ReplaySources
from serving.tasks.messages import CaseMessage, Explain
from serving.tasks.served_task import ServedTask


@dataclass(frozen=True)
class RecordedQuestion:
    """The question of a recorded answer: the message as sent, and the case as plain values."""

    recorded: RecordedAnswer
    message: CaseMessage
    case: Mapping[str, Any]

    @classmethod
    def of(cls, recorded: RecordedAnswer, served: ServedTask) -> RecordedQuestion:
        """Read the question of a recorded answer.

        Raises:
            NotReplayableError: this version cannot read it.
        """
        body = json.dumps({"cases": [recorded.payload["input"]]}).encode()
        try:
            (message,) = served.request.read(body)
        except ValidationError as error:
            raise unreadable_error("input", error) from error
        return cls(recorded, message, served.request.to_record(message))

    def case_input(self, served: ServedTask) -> CaseInput:
        """Return the case to advise on, with the id and moments of the recorded answer."""
        advice = self.recorded.advice
        return CaseInput(
            advice.id,
            served,
            self.case,
            advice.asked_at,
            advice.answered_at,
        )

    def rung_before_abstention(self) -> tuple[Rung, tuple[StepDown, ...]]:
        """Return the rung of the model and the steps down to it, before abstentions."""
        advice = self.recorded.advice
        abstentions = {Trigger.ABSTAINED, Trigger.PROFILES_STALE}
        left = [one.rung for one in advice.rung_reasons if one.code in abstentions]
        recomputed = abstentions | {Trigger.NOTHING_FOUND}
        down = tuple(one for one in advice.rung_reasons if one.code not in recomputed)
        return (left[0] if left else advice.rung), down


def recompute_drafts(
    basis: AnswerBasis,
    questions: Sequence[RecordedQuestion],
    sources: ReplaySources,
    explaining: Explain | None = None,
) -> list[Draft]:
    """Draft the audit entries that this version would record for the same questions.

    Args:
        basis: model, policy and history that all the answers share.
        questions: the questions of the answers.
        sources: where models and policies are found.
        explaining: which answers are explained; by default those that were.

    Raises:
        NotReplayableError: measures, model or policy cannot be found.
    """
    if not basis.model:
        return _recompute_rule_drafts(basis, questions, sources)
    past = recorded_past(basis, questions)
    champion = sources.champion(basis.task, basis.version, basis.model)
    policy = sources.policy(basis.policy)
    scored = recompute_scores(champion, past, questions)
    advices = recompute_advices(questions, scored, sources.tasks[basis.task], policy, basis)
    wanted = [
        question.recorded.advice.explained
        if explaining is None
        else explaining.wants(needs_review=needs_review(advice))
        for question, advice in zip(questions, advices, strict=True)
    ]
    explained = explain_advices(champion, scored, advices, wanted)
    return [
        scored_draft(
            advice,
            question.message,
            scored,
            row,
            score,
            champion,
            question.recorded.payload["context"],
            question.recorded.payload["provenance"]["alias"],
        )
        for row, (question, (advice, score)) in enumerate(zip(questions, explained, strict=True))
    ]


def _recompute_rule_drafts(
    basis: AnswerBasis, questions: Sequence[RecordedQuestion], sources: ReplaySources
) -> list[Draft]:
    """Draft the entries of answers that no model scored."""
    served, policy = sources.tasks[basis.task], sources.policy(basis.policy)
    return [
        rules_only_draft(
            recompute_rule_advice(question, served, policy),
            question.message,
            question.recorded.payload["context"],
        )
        for question in questions
    ]


def recompute_rule_advice(question: RecordedQuestion, served: ServedTask, policy: Policy) -> Advice:
    """Recommend by rules under a policy on a question that no model answered."""
    case, (_, down) = question.case_input(served), question.rung_before_abstention()
    return advise_by_rules(served, case, policy, down)


def recorded_past(basis: AnswerBasis, questions: Sequence[RecordedQuestion]) -> RecordedPast:
    """Return the history that was recorded with the answers."""
    rows = [question.recorded.history for question in questions]
    return RecordedPast(basis.as_of, basis.snapshot, rows)


def recompute_scores(
    champion: LoadedModel, past: RecordedPast, questions: Sequence[RecordedQuestion]
) -> ScoredBatch:
    """Score the questions with a model, in order.

    Raises:
        NotReplayableError: the model needs measures that were not recorded.
    """
    moments = [question.recorded.advice.asked_at for question in questions]
    return score_cases(champion, past, [question.case for question in questions], moments)


def recompute_advices(
    questions: Sequence[RecordedQuestion],
    scored: ScoredBatch,
    served: ServedTask,
    policy: Policy,
    basis: AnswerBasis,
) -> list[Advice]:
    """Recommend on scores under a policy, in order."""
    provenance = Provenance(basis.version, basis.model, basis.as_of, basis.snapshot)
    advices = []
    for row, question in enumerate(questions):
        rung, down = question.rung_before_abstention()
        own = replace(provenance, rung=rung, down=down)
        advices.append(advise(served, question.case_input(served), scored, row, policy, own))
    return advices
