"""Compare each recorded answer with that of another policy or model version."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.model import Predictions
from models.rule_precision import RulePrecisions
from models.task import Task, TaskName
from serving.pipeline.scoring import ScoredBatch
from serving.policy.policy import Policy
from serving.policy.sections import Level
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
    """What replaces the policy or the model version that gave the recorded answers."""

    policy: Policy | None = None
    version: str | None = None

    def __str__(self) -> str:
        """Name the policy and the model version."""
        policy = self.policy and f"policy {self.policy.version} ({self.policy.digest[:12]})"
        model = self.version and f"model version {self.version}"
        return " and ".join(part for part in (policy, model) if part)


def parse_alternative(arguments: Sequence[str]) -> Alternative:
    """Parse the arguments of `--what-if`: a policy file, `model=VERSION`, or both.

    Raises:
        ValueError: neither is given, one is given twice, or the file is no policy.
    """
    versions = [match[1] for text in arguments if (match := MODEL_ARGUMENT.fullmatch(text))]
    files = [text for text in arguments if not text.startswith("model=")]
    if unknown := [
        text
        for text in arguments
        if text.startswith("model=") and not MODEL_ARGUMENT.fullmatch(text)
    ]:
        raise ValueError(f"{unknown[0]!r} names no version; {USAGE}")
    if len(versions) > 1 or len(files) > 1 or not arguments:
        raise ValueError(f"got {', '.join(arguments) or 'nothing'}; {USAGE}, each at most once")
    policy = load_policy(Path(files[0])) if files else None
    return Alternative(policy, versions[0] if versions else None)


@dataclass(frozen=True)
class AnswerSummary:
    """The parts of an answer that decide who looks at the case, and when.

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
        """Summarise a recommendation."""
        return cls(
            advice.level,
            advice.flagged,
            advice.abstained,
            advice.route,
            advice.priority,
            advice.money_at_risk,
            advice.currency,
        )


@dataclass(frozen=True)
class ComparedAnswer:
    """A recorded answer and its alternative. case: reference. policy: of the alternative."""

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
    """Return the function that compares questions of one basis with the alternative.

    See `serving.replay.replay.compute_in_batches`.
    """

    def compare(basis: AnswerBasis, questions: Sequence[RecordedQuestion]) -> list[ComparedAnswer]:
        policy = alternative.policy or sources.policy(basis.policy)
        served = sources.tasks[basis.task]
        if not basis.model:
            advices = _rule_advices(alternative, questions, served, policy)
            return [
                _compared_answer(*pair, policy) for pair in zip(questions, advices, strict=True)
            ]
        if alternative.version is None:
            # Which rules flag depends on the model too: it holds their measured precision.
            champion = sources.champion(basis.task, basis.version, basis.model)
            scored = recorded_scores(served.task, questions, champion.model.rules)
        else:
            digest = digest_of_version(sources.models, basis.task, alternative.version)
            champion = sources.champion(basis.task, alternative.version, digest)
            scored = recompute_scores(champion, recorded_past(basis, questions), questions)
        advices = recompute_advices(questions, scored, served, policy, basis)
        return [
            _compared_answer(question, advice, policy)
            for question, advice in zip(questions, advices, strict=True)
        ]

    return compare


def _rule_advices(
    alternative: Alternative,
    questions: Sequence[RecordedQuestion],
    served: ServedTask,
    policy: Policy,
) -> list[Advice]:
    """Recommend by rules under the alternative, where no model answered.

    Raises:
        NotReplayableError: the alternative is a model, whose history was not looked up.
    """
    if alternative.version is not None:
        why = "no model answered, so the past that one needs is not on record"
        raise NotReplayableError(ReplayObstacleKind.NO_MODEL, why)
    return [recompute_rule_advice(question, served, policy) for question in questions]


def recorded_scores(
    task: Task, questions: Sequence[RecordedQuestion], rules: RulePrecisions
) -> ScoredBatch:
    """Read the recorded scores, which do not depend on the policy.

    Raises:
        NotReplayableError: they are not of the classes of this version.
    """
    try:
        scores = [Score.read(question.recorded.payload["score"]) for question in questions]
        answers = _predictions(task.classes, scores)
    except (TypeError, KeyError, ValueError) as error:
        raise unreadable_error("score", error) from error
    return ScoredBatch(answers, [], [], scores, {}, rules=rules)


def _predictions(classes: Sequence[str], scores: Sequence[Score]) -> Predictions:
    return Predictions(
        probability=np.array([[score.probabilities[name] for name in classes] for score in scores]),
        explained=np.array([classes.index(score.explained) for score in scores]),
        low=np.array([score.low for score in scores]),
        high=np.array([score.high for score in scores]),
        similar=np.array([score.similar for score in scores]),
        similar_hits=np.array([score.similar_hits for score in scores]),
        class_set=np.array([[name in score.class_set for name in classes] for score in scores]),
        quantiles=None,
        unseen=tuple(tuple(score.unseen) for score in scores),
        outside=tuple(tuple(score.outside) for score in scores),
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
