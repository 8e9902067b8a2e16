"""The challenger in shadow: it scores what the champion answered, for the record alone.

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
from serving.audit.entry import SCORED, Draft, EntryKind, drafted
from serving.audit.store import AuditUnavailableError
from serving.champions import Champion
from serving.context import of_service
from serving.engine import Engine
from serving.recommend import exception_probability
from serving.settings import Settings
from serving.swap.pointed import Alias
from serving.swap.settings import SwapSettings

LOG = logging.getLogger("triage")
MOST_AT_ONCE = 200
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
class Heard:
    """A case that was answered. features: as the champion read them, by name."""

    recommendation: str
    task: TaskName
    site: str
    features: Mapping[str, Any]
    probabilities: Mapping[str, float]
    model: Mapping[str, str]


class Shadow:
    """Scores on a thread of its own. dropped: cases it had no time for; answers never wait."""

    def __init__(self, settings: SwapSettings, engine: Engine) -> None:
        self.engine = engine
        self.dropped = 0
        self._waiting: queue.Queue[Heard] = queue.Queue(settings.shadow_cases)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self.engine.live.listeners += (self.hear,)
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Listen no more; what waits is not scored."""
        self._done.set()
        self._thread.join(seconds)

    def hear(self, answered: Sequence[Draft]) -> None:
        """Take what the champion answered where a challenger is there; drop what is too much."""
        challengers = self.engine.live.now.challengers
        for draft in answered if challengers else ():
            if draft.kind not in SCORED or draft.task not in challengers:
                continue
            if draft.payload["provenance"]["alias"] != Alias.CHAMPION:
                continue
            try:
                self._waiting.put_nowait(_heard(draft))
            except queue.Full:
                self.dropped += 1

    def _run(self) -> None:
        while not self._done.is_set():
            some = self._some()
            try:
                for task in dict.fromkeys(heard.task for heard in some):
                    self.score(task, [heard for heard in some if heard.task is task])
            except AuditUnavailableError as error:
                self.dropped += len(some)
                LOG.warning("shadow scores are lost: %s", error)
            except Exception:
                # A challenger that cannot score is for its trainer to mend; answers go on.
                LOG.exception("the challenger could not score")

    def score(self, task: TaskName, some: Sequence[Heard]) -> None:
        """Score those cases of a task with its challenger, and record it in one entry a model.

        Raises:
            AuditUnavailableError: nothing was recorded.
        """
        challenger = self.engine.live.now.challengers.get(task)
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
        self.engine.wrote(len(self.engine.audit.append(drafts)))

    def _scores(
        self, challenger: Champion, task: TaskName, some: Sequence[Heard]
    ) -> list[ShadowScore]:
        answers = challenger.model.predict(columns_of(challenger, [h.features for h in some]))
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
        self, task: TaskName, challenger: Champion, model: tuple[str, str], scores: list[Any]
    ) -> Draft:
        said = {
            "model": {"version": challenger.version, "digest": challenger.model.digest},
            "against": {"version": model[0], "digest": model[1]},
            "scores": scores,
            "dropped": self.dropped,
        }
        context = of_service(self.engine.code).recorded()
        at = self.engine.clock().isoformat()
        about = f"{task}/{challenger.version}"
        return drafted(EntryKind.SHADOW, said, context, at, about=about, task=task)

    def _some(self) -> list[Heard]:
        """What waits, at most so many; waits a little for the first."""
        try:
            some = [self._waiting.get(timeout=WAIT_SECONDS)]
        except queue.Empty:
            return []
        self._done.wait(WAIT_SECONDS)  # the more at once, the fewer entries
        while len(some) < MOST_AT_ONCE and not self._waiting.empty():
            some.append(self._waiting.get_nowait())
        return some


def shadow(_: Settings, engine: Engine) -> Shadow:
    """The shadow of that service."""
    return Shadow(SwapSettings(), engine)


def columns_of(
    champion: Champion, features: Sequence[Mapping[str, Any]]
) -> dict[str, NDArray[Any]]:
    """Recorded features as a model reads them; null is missing."""
    return {
        spec.name: np.array(
            [one[spec.name] for one in features],
            dtype=np.float64 if spec.kind is FeatureKind.NUMBER else object,
        )
        for spec in champion.model.features
    }


def _heard(draft: Draft) -> Heard:
    payload = draft.payload
    return Heard(
        recommendation=draft.id,
        task=TaskName(draft.task),
        site=str(draft.site),
        features=payload["features"],
        probabilities=payload["score"]["probabilities"],
        model=payload["recommendation"]["model"],
    )
