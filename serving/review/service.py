"""Review service: what would change a recorded answer, and what a person decided on it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from data.lake import Lake
from serving.audit.log.entry import Entry
from serving.audit.log.group_commit import CommitResult, IdempotencyKey
from serving.audit.verify.proof_creation import current_checkpoint
from serving.pipeline.engine import Engine
from serving.recommendation.recommendation import Advice
from serving.replay.sources import ReplaySources, open_replay_sources
from serving.review.counterfactuals import Counterfactuals, find_counterfactuals
from serving.review.decisions import DecisionMessage, DecisionRecorder, record_decision
from serving.runtime.context import RequestContext, service_context


@dataclass(frozen=True)
class ReviewService:
    """Work on recommendations that the engine has answered and recorded.

    sources: the models and policies of earlier answers, found again by digest.
    """

    engine: Engine
    sources: ReplaySources

    def decide(
        self,
        advice: Advice,
        decision: DecisionMessage,
        context: RequestContext | None = None,
        key: IdempotencyKey | None = None,
    ) -> tuple[CommitResult, bool]:
        """Record the one decision on a recommendation.

        Args:
            advice: the recommendation as it was recorded.
            decision: what the person did with it.
            context: the request that brings the decision; the service itself by default.
            key: idempotency key, recorded with the decision.

        Returns:
            The decision on record, and whether this call recorded it. For a decision that was
            there before, the checkpoint is one of now.

        Raises:
            AlreadyDecidedError: something else was decided before; nothing was recorded.
            AuditUnavailableError: nothing was recorded.
            IdempotencyKeyUsedError: the key was used before; nothing was recorded.
        """
        engine = self.engine
        recorder = DecisionRecorder(
            engine.audit,
            engine.pseudonyms,
            engine.clock(),
            context or service_context(engine.code),
        )
        committed, is_new = record_decision(recorder, advice, decision, key)
        if is_new:
            return committed, True
        return replace(committed, checkpoint=current_checkpoint(engine.audit)), False

    def counterfactuals(self, entry: Entry, advice: Advice) -> Counterfactuals:
        """Compute what would bring a recorded case under the threshold.

        Raises:
            CannotRecomputeError: the model, policy or history of the answer cannot be found.
        """
        return find_counterfactuals(self.sources, entry, advice)


def open_review_service(engine: Engine, lake: Lake) -> ReviewService:
    """Build the review service of an engine; models that are loaded already are not read again.

    Raises:
        ValueError: a policy file that cannot be read.
    """
    champions = engine.models.current.champions.values()
    return ReviewService(engine, open_replay_sources(lake, engine.audit, engine.policy, champions))
