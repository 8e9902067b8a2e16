"""Compare each recorded answer with that of another policy or model version."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.model import Predictions
from models.task import Task, TaskName
from serving.pipeline.scoring import ScoredBatch
from serving.policy.policy import Level, Policy
from serving.recommendation.recommendation import Advice
from serving.recommendation.score import Score
from serving.replay.recomputation import (
    RecordedQuestion,
    recompute_advices,
    recompute_rule_advice,
    recompute_scores,
    recorded_past,
)
from serving.replay.recorded_answer import (
    AnswerBasis,
    NotReplayableError,
    ReplayObstacleKind,
    unreadable_error,
)
from serving.replay.sources import ReplaySources, digest_of_version
from serving.tasks.policy_file import load_policy
from serving.tasks.served_task import ServedTask

MODEL_ARGUMENT = re.compile(r"model=([1-9]\d*)")
USAGE = "--what-if takes a policy file (policy.toml) or model=VERSION (model=3)"


@dataclass(frozen=True)
class Alternative:
    """policy: in place of the one that answered. version: of a task's model, likewise."""

    policy: Policy | None = None
    version: str | None = None

    def __str__(self) -> str:
        """In words."""
        policy = self.policy and f"policy {self.policy.version} ({self.policy.digest[:12]})"
        model = self.version and f"model version {self.version}"
        return " and ".join(part for part in (policy, model) if part)


def parse_alternative(wanted: Sequence[str]) -> Alternative:
    """What was asked for, each in a word of its own.

    Raises:
        ValueError: neither a policy file nor a version, or one of them twice.
    """
    versions = [match[1] for text in wanted if (match := MODEL_ARGUMENT.fullmatch(text))]
    files = [text for text in wanted if not text.startswith("model=")]
    if strange := [t for t in wanted if t.startswith("model=") and not MODEL_ARGUMENT.fullmatch(t)]:
        raise ValueError(f"{strange[0]!r} names no version; {USAGE}")
    if len(versions) > 1 or len(files) > 1 or not wanted:
        raise ValueError(f"got {', '.join(wanted) or 'nothing'}; {USAGE}, each at most once")
    policy = load_policy(Path(files[0])) if files else None
    return Alternative(policy, versions[0] if versions else None)


@dataclass(frozen=True)
class AnswerSummary:
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
    def of(cls, advice: Advice) -> AnswerSummary:
        """The same, of a recommendation."""
        return cls(
            advice.level,
            bool(advice.flagged),
            advice.abstained,
            advice.route,
            advice.priority,
            advice.money_at_risk,
            advice.currency,
        )


@dataclass(frozen=True)
class ComparedAnswer:
    """One answer on record. case: its reference. policy: that decides in the alternative."""

    id: str
    sequence: int
    task: TaskName
    site: str
    case: str
    before: AnswerSummary
    after: AnswerSummary
    policy: Policy


CompareBatch = Callable[[AnswerBasis, Sequence[RecordedQuestion]], list[ComparedAnswer]]


def batch_comparison(alternative: Alternative, sources: ReplaySources) -> CompareBatch:
    """What holds answers against the alternative.

    See `serving.replay.replay.compute_in_batches`.
    """

    def compared(
        made_from: AnswerBasis, questions: Sequence[RecordedQuestion]
    ) -> list[ComparedAnswer]:
        policy = alternative.policy or sources.policy(made_from.policy)
        entry = sources.tasks[made_from.task]
        if not made_from.model:
            advices = _rule_advices(alternative, questions, entry, policy)
            return [
                _compared_answer(*both, policy) for both in zip(questions, advices, strict=True)
            ]
        if alternative.version is None:
            scored = recorded_scores(entry.task, questions)
        else:
            digest = digest_of_version(sources.models, made_from.task, alternative.version)
            champion = sources.champion(made_from.task, alternative.version, digest)
            scored = recompute_scores(champion, recorded_past(made_from, questions), questions)
        advices = recompute_advices(questions, scored, entry, policy, made_from)
        return [
            _compared_answer(question, advice, policy)
            for question, advice in zip(questions, advices, strict=True)
        ]

    return compared


def _rule_advices(
    alternative: Alternative,
    questions: Sequence[RecordedQuestion],
    entry: ServedTask,
    policy: Policy,
) -> list[Advice]:
    """What rules say under the alternative, where no model answered.

    Raises:
        NotReplayableError: the alternative is a model: the past that it needs was not looked up.
    """
    if alternative.version is not None:
        why = "no model answered, so the past that one needs is not on record"
        raise NotReplayableError(ReplayObstacleKind.NO_MODEL, why)
    return [recompute_rule_advice(question, entry, policy) for question in questions]


def recorded_scores(task: Task, questions: Sequence[RecordedQuestion]) -> ScoredBatch:
    """The scores on record, as the model gave them: another policy changes none of them.

    Raises:
        NotReplayableError: they are not of the classes that this version knows.
    """
    try:
        told = [Score.read(q.recorded.payload["score"]) for q in questions]
        answers = _predictions(task.classes, told)
    except (TypeError, KeyError, ValueError) as error:
        raise unreadable_error("score", error) from error
    return ScoredBatch(answers, [], [], told, {})


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


def _compared_answer(question: RecordedQuestion, advice: Advice, policy: Policy) -> ComparedAnswer:
    recorded = question.recorded
    return ComparedAnswer(
        id=recorded.entry.id,
        sequence=recorded.entry.sequence,
        task=advice.task,
        site=advice.site_id,
        case=recorded.entry.envelope.reference,
        before=AnswerSummary.of(recorded.advice),
        after=AnswerSummary.of(advice),
        policy=policy,
    )
