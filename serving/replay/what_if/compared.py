"""An answer as it was given beside the answer that the alternative gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from models.model import Predictions
from models.task import Task, TaskName
from serving.audit.frames import flagged
from serving.catalogue import Served
from serving.policy.policy import Level, Policy
from serving.recommendation import Advice
from serving.replay.again import Question, advised, by_rules, past_of, scores
from serving.replay.reason import NotReplayableError, Reason
from serving.replay.recorded import MadeFrom, unreadable
from serving.replay.sources import Sources
from serving.replay.versions import digest_of
from serving.replay.what_if.alternative import Alternative
from serving.score import Score, Scored


@dataclass(frozen=True)
class Said:
    """What of an answer decides who looks at what, and when.

    amount: money at risk in `currency`; None where it is not known.
    """

    level: Level
    flagged: bool
    abstained: bool
    route: str
    priority: float
    amount: float | None
    currency: str

    @classmethod
    def of(cls, advice: Advice) -> Said:
        """The same, of a recommendation."""
        return cls(
            advice.level,
            flagged(advice.model_dump(include={"level", "flagged"})),
            advice.abstained,
            advice.route,
            advice.priority,
            advice.money_at_risk,
            advice.currency,
        )


@dataclass(frozen=True)
class Compared:
    """One answer on record. case: its reference. policy: that decides in the alternative."""

    id: str
    sequence: int
    task: TaskName
    site: str
    case: str
    before: Said
    after: Said
    policy: Policy


Comparing = Callable[[MadeFrom, Sequence[Question]], list[Compared]]


def comparing(alternative: Alternative, sources: Sources) -> Comparing:
    """What holds answers against the alternative; see `serving.replay.replay.in_batches`."""

    def compared(made_from: MadeFrom, questions: Sequence[Question]) -> list[Compared]:
        policy = alternative.policy or sources.policy(made_from.policy)
        entry = sources.tasks[made_from.task]
        if not made_from.model:
            advices = _unscored(alternative, questions, entry, policy)
            return [_beside(*both, policy) for both in zip(questions, advices, strict=True)]
        if alternative.version is None:
            scored = as_recorded(entry.task, questions)
        else:
            digest = digest_of(sources.models, made_from.task, alternative.version)
            champion = sources.champion(made_from.task, alternative.version, digest)
            scored = scores(champion, past_of(made_from, questions), questions)
        advices = advised(questions, scored, entry, policy, made_from)
        return [
            _beside(question, advice, policy)
            for question, advice in zip(questions, advices, strict=True)
        ]

    return compared


def _unscored(
    alternative: Alternative, questions: Sequence[Question], entry: Served, policy: Policy
) -> list[Advice]:
    """What rules say under the alternative, where no model answered.

    Raises:
        NotReplayableError: the alternative is a model: the past that it needs was not looked up.
    """
    if alternative.version is not None:
        why = "no model answered, so the past that one needs is not on record"
        raise NotReplayableError(Reason.NO_MODEL, why)
    return [by_rules(question, entry, policy) for question in questions]


def as_recorded(task: Task, questions: Sequence[Question]) -> Scored:
    """The scores on record, as the model gave them: another policy changes none of them.

    Raises:
        NotReplayableError: they are not of the classes that this version knows.
    """
    try:
        told = [Score.read(q.recorded.payload["score"]) for q in questions]
        answers = _predictions(task.classes, told)
    except (TypeError, KeyError, ValueError) as error:
        raise unreadable("score", error) from error
    return Scored(answers, [], [], told, {})


def _predictions(classes: Sequence[str], told: Sequence[Score]) -> Predictions:
    return Predictions(
        probability=np.array([[score.probabilities[name] for name in classes] for score in told]),
        explained=np.array([classes.index(score.explained) for score in told]),
        low=np.array([score.low for score in told]),
        high=np.array([score.high for score in told]),
        similar=np.array([score.similar for score in told]),
        similar_hits=np.array([score.similar_hits for score in told]),
        class_set=np.array([[name in score.class_set for name in classes] for score in told]),
        quantiles=None,
        unseen=tuple(tuple(score.unseen) for score in told),
        outside=tuple(tuple(score.outside) for score in told),
    )


def _beside(question: Question, advice: Advice, policy: Policy) -> Compared:
    recorded = question.recorded
    return Compared(
        id=recorded.entry.id,
        sequence=recorded.entry.sequence,
        task=advice.task,
        site=advice.site_id,
        case=recorded.entry.envelope.reference,
        before=Said.of(recorded.advice),
        after=Said.of(advice),
        policy=policy,
    )
