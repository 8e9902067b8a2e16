"""Recompute recorded answers with the same steps as the service."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from serving.audit.log.entry import Draft
from serving.model_registry.champions import LoadedModel
from serving.pipeline.advice import advise, explain_advices, rules_only_draft, scored_draft
from serving.pipeline.scoring import ScoredBatch, score_cases
from serving.policy.policy import Policy
from serving.recommendation.fallback_ladder import Rung, StepDown, Trigger
from serving.recommendation.recommend import CaseInput, Provenance, needs_review
from serving.recommendation.recommendation import Advice
from serving.recommendation.rules_only import recommend_by_rules
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
    """What was asked: the message as it came, and its case as the service reads it."""

    recorded: RecordedAnswer
    message: CaseMessage
    case: Mapping[str, Any]

    @classmethod
    def of(cls, recorded: RecordedAnswer, entry: ServedTask) -> RecordedQuestion:
        """The question that was answered so.

        Raises:
            NotReplayableError: it is not one that this version can read.
        """
        body = json.dumps({"cases": [recorded.payload["input"]]}).encode()
        try:
            (message,) = entry.request.read(body)
        except ValidationError as error:
            raise unreadable_error("input", error) from error
        return cls(recorded, message, entry.request.to_record(message))

    def asked(self, entry: ServedTask) -> CaseInput:
        """As the service takes it."""
        advice = self.recorded.advice
        return CaseInput(
            advice.id,
            entry,
            self.case,
            advice.asked_at,
            advice.answered_at,
        )

    def rung_before_doubts(self) -> tuple[Rung, tuple[StepDown, ...]]:
        """Where on the ladder it was answered, before the model's own doubts; see `final_rung`."""
        advice = self.recorded.advice
        doubts = {Trigger.ABSTAINED, Trigger.PROFILES_STALE}
        left = [one.rung for one in advice.rung_reasons if one.code in doubts]
        again = doubts | {Trigger.NOTHING_FOUND}
        down = tuple(one for one in advice.rung_reasons if one.code not in again)
        return (left[0] if left else advice.rung), down


def recompute_drafts(
    made_from: AnswerBasis,
    questions: Sequence[RecordedQuestion],
    sources: ReplaySources,
    explaining: Explain | None = None,
) -> list[Draft]:
    """What would be recorded of the answers now, in order; all were made from the same.

    explaining: which of them are explained; those that were by default.

    Raises:
        NotReplayableError: measures, model or policy are not to be had.
    """
    if not made_from.model:
        return _recompute_rule_drafts(made_from, questions, sources)
    past = recorded_past(made_from, questions)
    champion = sources.champion(made_from.task, made_from.version, made_from.model)
    policy = sources.policy(made_from.policy)
    scored = recompute_scores(champion, past, questions)
    advices = recompute_advices(questions, scored, sources.tasks[made_from.task], policy, made_from)
    wanted = [
        question.recorded.advice.explained
        if explaining is None
        else explaining.wants(needs_review=needs_review(advice))
        for question, advice in zip(questions, advices, strict=True)
    ]
    given = explain_advices(champion, scored, advices, wanted)
    return [
        scored_draft(
            advice,
            question.message,
            scored,
            row,
            its_score,
            champion,
            question.recorded.payload["context"],
            question.recorded.payload["provenance"]["alias"],
        )
        for row, (question, (advice, its_score)) in enumerate(zip(questions, given, strict=True))
    ]


def _recompute_rule_drafts(
    made_from: AnswerBasis, questions: Sequence[RecordedQuestion], sources: ReplaySources
) -> list[Draft]:
    """The same where no model answered."""
    entry, policy = sources.tasks[made_from.task], sources.policy(made_from.policy)
    return [
        rules_only_draft(
            recompute_rule_advice(question, entry, policy),
            question.message,
            question.recorded.payload["context"],
        )
        for question in questions
    ]


def recompute_rule_advice(question: RecordedQuestion, entry: ServedTask, policy: Policy) -> Advice:
    """What rules say of a question under a policy, where no model answered it."""
    asked, (_, down) = question.asked(entry), question.rung_before_doubts()
    return recommend_by_rules(asked, entry.rules(asked.case, policy, asked.asked_at), policy, down)


def recorded_past(made_from: AnswerBasis, questions: Sequence[RecordedQuestion]) -> RecordedPast:
    """The past that was recorded with the answers.

    Raises:
        NotReplayableError: it was not.
    """
    rows = [question.recorded.history for question in questions]
    return RecordedPast(made_from.as_of, made_from.snapshot, rows)


def recompute_scores(
    champion: LoadedModel, past: RecordedPast, questions: Sequence[RecordedQuestion]
) -> ScoredBatch:
    """What a model says of the questions, in order.

    Raises:
        NotReplayableError: the model needs measures that were not recorded.
    """
    moments = [question.recorded.advice.asked_at for question in questions]
    return score_cases(champion, past, [question.case for question in questions], moments)


def recompute_advices(
    questions: Sequence[RecordedQuestion],
    scored: ScoredBatch,
    entry: ServedTask,
    policy: Policy,
    made_from: AnswerBasis,
) -> list[Advice]:
    """What is recommended on those scores under a policy, in order."""
    provenance = Provenance(made_from.version, made_from.model, made_from.as_of, made_from.snapshot)
    made = []
    for row, question in enumerate(questions):
        rung, down = question.rung_before_doubts()
        on_it = replace(provenance, rung=rung, down=down)
        made.append(advise(entry, question.asked(entry), scored, row, policy, on_it))
    return made
