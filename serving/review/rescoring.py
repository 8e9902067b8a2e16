"""Score a recorded case again with the model, policy and history of its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from features.profiles import Profiles
from serving.model_registry.champions import LoadedModel
from serving.pipeline.scoring import HistorySource, predict_probabilities, score_cases
from serving.policy.policy import Policy
from serving.recommendation.recommend import exception_probability
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
    """What an answer was made from, found again."""

    entry: ServedTask
    champion: LoadedModel
    past: HistorySource
    policy: Policy

    @classmethod
    def of(
        cls,
        recorded: RecordedAnswer,
        advice: Advice,
        sources: ReplaySources,
        profiles: Profiles | None,
    ) -> RestoredInputs:
        """By what the answer says of itself; its past from the record.

        profiles: those at hand, for an older entry, which does not hold its past.

        Raises:
            NotReplayableError: the model is not kept, or the policy or the past not on record.
        """
        model = advice.model
        if model is None:
            raise NotReplayableError(ReplayObstacleKind.NO_MODEL, "no model scored the case")
        return cls(
            sources.tasks[advice.task],
            sources.champion(advice.task, model.version, model.digest),
            _restore_past(recorded, advice, profiles),
            sources.policy(advice.policy.digest),
        )


@dataclass(frozen=True)
class RescorableCase:
    """A case that can be asked again, changed or not."""

    then: RestoredInputs
    case: Record
    at: datetime

    def scores(self, cases: Sequence[Record]) -> list[Score]:
        """Scores as answers are made of, explanations and all."""
        moments = [self.at] * len(cases)
        return score_cases(self.then.champion, self.then.past, cases, moments).scores

    def probe(self, cases: Sequence[Record]) -> list[float]:
        """Exception probabilities of many cases; equal to those of `scores`, and quicker."""
        then, moments = self.then, [self.at] * len(cases)
        answers = predict_probabilities(then.champion, then.past, cases, moments)
        return [exception_probability(then.entry.task, one) for one in answers]


def _restore_past(
    recorded: RecordedAnswer, advice: Advice, profiles: Profiles | None
) -> HistorySource:
    """What the profiles gave then; of an older entry, the profiles, if they are those still."""
    day, snapshot = advice.features_as_of, advice.snapshot_id
    assert day is not None  # a model scored it, see `RestoredInputs.of`
    assert snapshot is not None
    try:
        return RecordedPast(date.fromisoformat(day), snapshot, [recorded.history])
    except NotReplayableError:
        if profiles is None or profiles.snapshot_id != snapshot:
            raise
        return profiles
