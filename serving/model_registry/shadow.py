"""Score answered cases with the challenger on a thread, for the audit record alone.

What it says is a `ShadowScore`, a type of its own: there is nothing in it to act on.
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
from serving.model_registry.settings import SwapSettings
from serving.recommendation.recommend import exception_probability
from serving.runtime.context import service_context
from serving.runtime.settings import ServiceSettings

LOG = logging.getLogger("triage")
MAX_BATCH = 200
WAIT_SECONDS = 0.5


class ShadowScore(BaseModel):
    """What champion and challenger said of one case, side by side.

    recommendation: the id of what the champion's answer is. champion, challenger: probability
    by class. exception, shadow_exception: that anything goes wrong, in the same order.
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
    """A case that was answered. features: as the champion read them, by name."""

    recommendation: str
    task: TaskName
    site: str
    features: Mapping[str, Any]
    probabilities: Mapping[str, float]
    model: Mapping[str, str]


class ShadowScorer:
    """Scores on a thread of its own. dropped: cases it had no time for; answers never wait."""

    def __init__(self, settings: SwapSettings, engine: ModelHost) -> None:
        self.engine = engine
        self.dropped = 0
        self._waiting: queue.Queue[AnsweredCase] = queue.Queue(settings.shadow_cases)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self.engine.models.listeners += (self.enqueue_answers,)
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Listen no more; what waits is not scored."""
        self._done.set()
        self._thread.join(seconds)

    def enqueue_answers(self, answered: Sequence[Draft]) -> None:
        """Take what the champion answered where a challenger is there; drop what is too much."""
        challengers = self.engine.models.current.challengers
        for draft in answered if challengers else ():
            if draft.kind not in SCORED_KINDS or draft.task not in challengers:
                continue
            if draft.payload["provenance"]["alias"] != ModelAlias.CHAMPION:
                continue
            try:
                self._waiting.put_nowait(_answered_case(draft))
            except queue.Full:
                self.dropped += 1

    def _run(self) -> None:
        while not self._done.is_set():
            some = self._some()
            try:
                for task in dict.fromkeys(heard.task for heard in some):
                    self.score(task, [heard for heard in some if heard.task == task])
            except AuditUnavailableError as error:
                self.dropped += len(some)
                LOG.warning("shadow scores are lost: %s", error)
            except Exception:
                # A challenger that cannot score is for its trainer to mend; answers go on.
                LOG.exception("the challenger could not score")

    def score(self, task: TaskName, some: Sequence[AnsweredCase]) -> None:
        """Score those cases of a task with its challenger, and record it in one entry a model.

        Raises:
            AuditUnavailableError: nothing was recorded.
        """
        challenger = self.engine.models.current.challengers.get(task)
        if challenger is None:
            return
        scores = self._scores(challenger, task, some)
        drafts = []
        for model in {(h.model["version"], h.model["digest"]) for h in some}:
            mine = [
                one.model_dump()
                for heard, one in zip(some, scores, strict=True)
                if (heard.model["version"], heard.model["digest"]) == model
            ]
            drafts.append(self._draft(task, challenger, model, mine))
        self.engine.on_commit(len(self.engine.audit.append(drafts)))

    def _scores(
        self, challenger: LoadedModel, task: TaskName, some: Sequence[AnsweredCase]
    ) -> list[ShadowScore]:
        answers = challenger.model.predict(
            recorded_feature_columns(challenger, [h.features for h in some])
        )
        classes, entry = challenger.model.classes, self.engine.tasks[task]
        scores = []
        for heard, row in zip(some, answers.probability.tolist(), strict=True):
            said = dict(zip(classes, row, strict=True))
            scores.append(
                ShadowScore(
                    recommendation=heard.recommendation,
                    site=heard.site,
                    champion=dict(heard.probabilities),
                    challenger=said,
                    exception=exception_probability(entry.task, heard.probabilities),
                    shadow_exception=exception_probability(entry.task, said),
                )
            )
        return scores

    def _draft(
        self, task: TaskName, challenger: LoadedModel, model: tuple[str, str], scores: list[Any]
    ) -> Draft:
        said = {
            "model": {"version": challenger.version, "digest": challenger.model.digest},
            "against": {"version": model[0], "digest": model[1]},
            "scores": scores,
            "dropped": self.dropped,
        }
        context = service_context(self.engine.code).recorded()
        at = self.engine.clock().isoformat()
        about = f"{task}/{challenger.version}"
        return new_draft(EntryKind.SHADOW, said, context, at, about=about, task=task)

    def _some(self) -> list[AnsweredCase]:
        """What waits, at most so many; waits a little for the first."""
        try:
            some = [self._waiting.get(timeout=WAIT_SECONDS)]
        except queue.Empty:
            return []
        self._done.wait(WAIT_SECONDS)  # the more at once, the fewer entries
        while len(some) < MAX_BATCH and not self._waiting.empty():
            some.append(self._waiting.get_nowait())
        return some


def create_shadow_scorer(_: ServiceSettings, engine: ModelHost) -> ShadowScorer:
    """The shadow of that service."""
    return ShadowScorer(SwapSettings(), engine)


def recorded_feature_columns(
    champion: LoadedModel, features: Sequence[Mapping[str, Any]]
) -> dict[str, NDArray[Any]]:
    """Recorded features as a model reads them; null is missing."""
    return {
        spec.name: np.array(
            [one[spec.name] for one in features],
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
