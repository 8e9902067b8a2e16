"""Giving answers again: the same steps as the service, over what was recorded."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from serving.advise import advise, explain
from serving.api.messages import CaseMessage
from serving.audit.entry import Draft
from serving.catalogue import Served
from serving.champions import Champion
from serving.explain import Explain
from serving.ladder import Rung, StepDown, Trigger
from serving.policy.policy import Policy
from serving.recommend import Asked, Provenance, looked_at
from serving.recommendation import Advice
from serving.record import draft_of, unscored_draft_of
from serving.replay.past import RecordedPast
from serving.replay.recorded import MadeFrom, Recorded, unreadable
from serving.replay.sources import Sources
from serving.score import Scored, score
from serving.unscored import unscored


@dataclass(frozen=True)
class Question:
    """What was asked: the message as it came, and its case as the service reads it."""

    recorded: Recorded
    message: CaseMessage
    case: Mapping[str, Any]

    @classmethod
    def of(cls, recorded: Recorded, entry: Served) -> Question:
        """The question that was answered so.

        Raises:
            NotReplayableError: it is not one that this version can read.
        """
        body = json.dumps({"cases": [recorded.payload["input"]]}).encode()
        try:
            (message,) = entry.request.read(body)
        except ValidationError as error:
            raise unreadable("input", error) from error
        return cls(recorded, message, entry.request.plain(message))

    def asked(self, entry: Served) -> Asked:
        """As the service takes it."""
        advice = self.recorded.advice
        return Asked(
            advice.id,
            entry.task,
            self.case,
            entry.reference,
            advice.asked_at,
            advice.answered_at,
        )

    def stood(self) -> tuple[Rung, tuple[StepDown, ...]]:
        """Where on the ladder it was answered, before the model's own doubts; see `rung_of`."""
        advice = self.recorded.advice
        doubts = {Trigger.ABSTAINED, Trigger.PROFILES_STALE}
        left = [one.rung for one in advice.rung_reasons if one.code in doubts]
        again = doubts | {Trigger.NOTHING_FOUND}
        down = tuple(one for one in advice.rung_reasons if one.code not in again)
        return (left[0] if left else advice.rung), down


def again(
    made_from: MadeFrom,
    questions: Sequence[Question],
    sources: Sources,
    explaining: Explain | None = None,
) -> list[Draft]:
    """What would be recorded of the answers now, in order; all were made from the same.

    explaining: which of them are explained; those that were by default.

    Raises:
        NotReplayableError: measures, model or policy are not to be had.
    """
    if not made_from.model:
        return _by_rules(made_from, questions, sources)
    past = past_of(made_from, questions)
    champion = sources.champion(made_from.task, made_from.version, made_from.model)
    policy = sources.policy(made_from.policy)
    scored = scores(champion, past, questions)
    advices = advised(questions, scored, sources.tasks[made_from.task], policy, made_from)
    wanted = [
        question.recorded.advice.explained
        if explaining is None
        else explaining.wants(looked_at=looked_at(advice))
        for question, advice in zip(questions, advices, strict=True)
    ]
    given = explain(champion, scored, advices, wanted)
    return [
        draft_of(
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


def _by_rules(made_from: MadeFrom, questions: Sequence[Question], sources: Sources) -> list[Draft]:
    """The same where no model answered."""
    entry, policy = sources.tasks[made_from.task], sources.policy(made_from.policy)
    return [
        unscored_draft_of(
            by_rules(question, entry, policy),
            question.message,
            question.recorded.payload["context"],
        )
        for question in questions
    ]


def by_rules(question: Question, entry: Served, policy: Policy) -> Advice:
    """What rules say of a question under a policy, where no model answered it."""
    asked, (_, down) = question.asked(entry), question.stood()
    return unscored(asked, entry.rules(asked.case, policy, asked.asked_at), policy, down)


def past_of(made_from: MadeFrom, questions: Sequence[Question]) -> RecordedPast:
    """The past that was recorded with the answers.

    Raises:
        NotReplayableError: it was not.
    """
    rows = [question.recorded.history for question in questions]
    return RecordedPast(made_from.as_of, made_from.snapshot, rows)


def scores(champion: Champion, past: RecordedPast, questions: Sequence[Question]) -> Scored:
    """What a model says of the questions, in order.

    Raises:
        NotReplayableError: the model needs measures that were not recorded.
    """
    moments = [question.recorded.advice.asked_at for question in questions]
    return score(champion, past, [question.case for question in questions], moments)


def advised(
    questions: Sequence[Question],
    scored: Scored,
    entry: Served,
    policy: Policy,
    made_from: MadeFrom,
) -> list[Advice]:
    """What is recommended on those scores under a policy, in order."""
    provenance = Provenance(made_from.version, made_from.model, made_from.as_of, made_from.snapshot)
    made = []
    for row, question in enumerate(questions):
        rung, down = question.stood()
        on_it = replace(provenance, rung=rung, down=down)
        made.append(advise(entry, question.asked(entry), scored, row, policy, on_it))
    return made
