"""Score a recorded case again with the model, policy and history of its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from serving.model_registry.champions import LoadedModel
from serving.pipeline.scoring import predict_probabilities, score_cases
from serving.policy.finding import Finding
from serving.policy.policy import Policy
from serving.recommendation.assessment import exception_probability
from serving.recommendation.evidence import Evidence
from serving.recommendation.recommendation import Advice
from serving.recommendation.score import Score
from serving.replay.recorded_answer import (
    NotReplayableError,
    RecordedAnswer,
    RecordedPast,
    ReplayObstacleKind,
)
from serving.replay.sources import ReplaySources
from serving.tasks.lever import Record
from serving.tasks.served_task import ServedTask


@dataclass(frozen=True)
class RestoredInputs:
    """Task, model, history and policy of a recorded answer."""

    entry: ServedTask
    champion: LoadedModel
    past: RecordedPast
    policy: Policy

    @classmethod
    def of(cls, recorded: RecordedAnswer, advice: Advice, sources: ReplaySources) -> RestoredInputs:
        """Find the inputs that the answer names; its history is in the record.

        Raises:
            NotReplayableError: the model is not kept, or the policy is not on record.
        """
        model = advice.model
        if model is None:
            raise NotReplayableError(ReplayObstacleKind.NO_MODEL, "no model scored the case")
        return cls(
            sources.tasks[advice.task],
            sources.champion(advice.task, model.version, model.digest),
            _restore_past(recorded, advice),
            sources.policy(advice.policy.digest),
        )


@dataclass(frozen=True)
class RescorableCase:
    """A recorded case that can be scored again, changed or not."""

    restored: RestoredInputs
    case: Record
    at: datetime

    def scores(self, cases: Sequence[Record]) -> list[Score]:
        """Score cases as answers are scored."""
        moments = [self.at] * len(cases)
        return score_cases(self.restored.champion, self.restored.past, cases, moments).scores

    def findings(self, case: Record) -> list[Finding]:
        """Return what the rules find in the case, changed or not, under the policy of it."""
        restored = self.restored
        return restored.entry.rules(case, restored.policy.for_case(case), self.at)

    def evidence(self, case: Record, findings: Sequence[Finding]) -> Evidence | None:
        """Return what the facts say of the case, changed or not. findings: of the rules in it."""
        restored = self.restored
        policy = restored.policy.for_case(case)
        return restored.entry.evidence(case, findings, self.at, policy)

    def probe(self, cases: Sequence[Record]) -> list[float]:
        """Predict exception probabilities of many cases; equal to those of `scores`, and faster."""
        restored, moments = self.restored, [self.at] * len(cases)
        predictions = predict_probabilities(restored.champion, restored.past, cases, moments)
        return [exception_probability(restored.entry.task, one) for one in predictions]


def _restore_past(recorded: RecordedAnswer, advice: Advice) -> RecordedPast:
    day, snapshot = advice.features_as_of, advice.snapshot_id
    assert day is not None  # a model scored it, see `RestoredInputs.of`
    assert snapshot is not None
    return RecordedPast(date.fromisoformat(day), snapshot, [recorded.history])
