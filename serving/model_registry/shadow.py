"""Score answered cases with the challenger on a thread, for the audit log alone.

The result is a `ShadowScore`, a type of its own, which holds no recommendation to act on.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from features.feature import FeatureKind
from models.task import TaskName
from serving.audit.log.entry import Draft, new_draft
from serving.audit.log.entry_kind import SCORED_KINDS, EntryKind
from serving.audit.log.errors import AuditUnavailableError
from serving.model_registry.active_models import ModelHost
from serving.model_registry.champions import LoadedModel
from serving.model_registry.pointer import ModelAlias
from serving.recommendation.assessment import exception_probability
from serving.runtime.context import service_context
from serving.runtime.settings import ServiceSettings, SwapSettings

LOG = logging.getLogger("triage")
MAX_BATCH = 200
WAIT_SECONDS = 0.5


class ShadowScore(BaseModel):
    """Scores of champion and challenger for one case.

    recommendation: id of the champion's recommendation. champion, challenger: probability by
    class. exception, shadow_exception: probability of any exception, in the same order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    recommendation: str
    site: str
    champion: dict[str, float]
    challenger: dict[str, float]
    exception: float
    shadow_exception: float


@dataclass(frozen=True)
class AnsweredCase:
    """A recorded case that waits for the challenger. features: as the champion read them."""

    recommendation: str
    task: TaskName
    site: str
    features: Mapping[str, Any]
    probabilities: Mapping[str, float]
    model: Mapping[str, str]


class ShadowScorer:
    """Scores on a thread. dropped: cases that it had no time for; answers never wait for it."""

    def __init__(self, settings: SwapSettings, engine: ModelHost) -> None:
        self.engine = engine
        self.dropped = 0
        self._waiting: queue.Queue[AnsweredCase] = queue.Queue(settings.shadow_cases)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)

    def start(self) -> None:
        """Start to listen to answers."""
        self.engine.models.listeners += (self.enqueue_answers,)
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Stop the thread; cases that wait are not scored."""
        self._done.set()
        self._thread.join(seconds)

    def enqueue_answers(self, answered: Sequence[Draft]) -> None:
        """Queue the champion's answers of tasks with a challenger; drop those over the limit."""
        challengers = self.engine.models.current.challengers
        for draft in answered if challengers else ():
            if draft.kind not in SCORED_KINDS or draft.task not in challengers:
                continue
            if draft.payload["provenance"]["alias"] != ModelAlias.CHAMPION:
                continue
            case = _answered_case(draft)
            if not case.features.keys() >= set(
                challengers[TaskName(draft.task)].model.encoder.names
            ):
                self.dropped += 1  # the champion has fewer features, and recorded no others
                continue
            try:
                self._waiting.put_nowait(case)
            except queue.Full:
                self.dropped += 1

    def _run(self) -> None:
        while not self._done.is_set():
            cases = self._next_cases()
            try:
                for task in dict.fromkeys(case.task for case in cases):
                    self.score(task, [case for case in cases if case.task == task])
            except AuditUnavailableError as error:
                self.dropped += len(cases)
                LOG.warning("shadow scores are lost: %s", error)
            except Exception:
                # A challenger that cannot score must not stop the service: log it and go on.
                LOG.exception("the challenger could not score")

    def score(self, task: TaskName, cases: Sequence[AnsweredCase]) -> None:
        """Score cases of a task with its challenger; record one entry for each champion.

        Raises:
            AuditUnavailableError: nothing was recorded.
        """
        challenger = self.engine.models.current.challengers.get(task)
        if challenger is None:
            return
        scores = self._scores(challenger, task, cases)
        drafts = []
        for model in {(case.model["version"], case.model["digest"]) for case in cases}:
            own = [
                score.model_dump()
                for case, score in zip(cases, scores, strict=True)
                if (case.model["version"], case.model["digest"]) == model
            ]
            drafts.append(self._draft(task, challenger, model, own))
        self.engine.on_commit(len(self.engine.audit.append(drafts)))

    def _scores(
        self, challenger: LoadedModel, task: TaskName, cases: Sequence[AnsweredCase]
    ) -> list[ShadowScore]:
        answers = challenger.model.predict(
            recorded_feature_columns(challenger, [case.features for case in cases])
        )
        classes, served = challenger.model.classes, self.engine.tasks[task]
        scores = []
        for case, row in zip(cases, answers.probability.tolist(), strict=True):
            probabilities = dict(zip(classes, row, strict=True))
            scores.append(
                ShadowScore(
                    recommendation=case.recommendation,
                    site=case.site,
                    champion=dict(case.probabilities),
                    challenger=probabilities,
                    exception=exception_probability(served.task, case.probabilities),
                    shadow_exception=exception_probability(served.task, probabilities),
                )
            )
        return scores

    def _draft(
        self, task: TaskName, challenger: LoadedModel, model: tuple[str, str], scores: list[Any]
    ) -> Draft:
        content = {
            "model": {"version": challenger.version, "digest": challenger.model.digest},
            "against": {"version": model[0], "digest": model[1]},
            "scores": scores,
            "dropped": self.dropped,
        }
        context = service_context(self.engine.code).recorded()
        at = self.engine.clock().isoformat()
        about = f"{task}/{challenger.version}"
        return new_draft(EntryKind.SHADOW, content, context, at, about=about, task=task)

    def _next_cases(self) -> list[AnsweredCase]:
        """Take waiting cases, at most `MAX_BATCH`; wait a little for the first."""
        try:
            cases = [self._waiting.get(timeout=WAIT_SECONDS)]
        except queue.Empty:
            return []
        self._done.wait(WAIT_SECONDS)  # larger batches make fewer entries
        while len(cases) < MAX_BATCH and not self._waiting.empty():
            cases.append(self._waiting.get_nowait())
        return cases


def create_shadow_scorer(_: ServiceSettings, engine: ModelHost) -> ShadowScorer:
    """Create the shadow scorer of a service."""
    return ShadowScorer(SwapSettings(), engine)


def recorded_feature_columns(
    champion: LoadedModel, features: Sequence[Mapping[str, Any]]
) -> dict[str, NDArray[Any]]:
    """Convert recorded features to a model's input; null is missing."""
    return {
        spec.name: np.array(
            [case[spec.name] for case in features],
            dtype=np.float64 if spec.kind is FeatureKind.NUMBER else object,
        )
        for spec in champion.model.features
    }


def _answered_case(draft: Draft) -> AnsweredCase:
    payload = draft.payload
    return AnsweredCase(
        recommendation=draft.id,
        task=TaskName(draft.task),
        site=str(draft.site),
        features=payload["features"],
        probabilities=payload["score"]["probabilities"],
        model=payload["recommendation"]["model"],
    )
