"""The reasons of a recorded answer, in words: from the record, with the model that answered.

An entry holds what each fact contributed and the facts themselves; the words for them are the
model's. Where an answer was given without reasons, they are computed as they would have been.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from models.explain import worded
from models.feature_spec import FeatureSpec
from serving.audit.entry import Entry
from serving.explain import Explain
from serving.recommendation import Advice, Piece, Reason, ReasonGroup
from serving.replay.again import Question, again
from serving.replay.reason import NotReplayableError
from serving.replay.recorded import Recorded
from serving.replay.sources import Sources

Payload = Mapping[str, Any]


class Fact(Piece):
    """What one fact did to the probability. value: as the model read it; null where missing."""

    feature: str
    theme: str
    value: float | str | None
    sentence: str
    contribution: float


class Reasons(Piece):
    """Why a case has its score: base + the contributions of all facts is the probability."""

    recommendation_id: str
    explained_class: str
    base: float = Field(description="probability before anything is known of the case")
    probability: float
    reason_groups: list[ReasonGroup]
    reasons: list[Reason]
    missing: list[str]
    facts: list[Fact] = Field(description="every fact, the strongest first")


@dataclass(frozen=True)
class Told:
    """What an entry held, its reasons in words. lacking: why they cannot be; "" where they are."""

    payload: Payload
    lacking: str = ""

    @property
    def explained(self) -> bool:
        """Whether there are reasons."""
        return bool(self.payload.get("score")) and self.payload["score"]["steps"] is not None


def told(entry: Entry, sources: Sources) -> Told:
    """The payload of an answer as a report reads it.

    Raises:
        ErasedError: it was erased.
    """
    payload: dict[str, Any] = entry.payload
    if not payload.get("score") or _has_words(payload["score"]["steps"]):
        return Told(payload)
    try:
        if payload["score"]["steps"] is None:
            return Told(_computed(entry, payload, sources))
        return Told(in_words(payload, _specs(payload, sources)))
    except NotReplayableError as error:
        return Told(in_words(payload, ()), str(error))


def reasons_of(entry: Entry, sources: Sources) -> Reasons | str:
    """The reasons of a scored answer; or why there are none.

    Raises:
        ErasedError: it was erased.
    """
    found = told(entry, sources)
    if not found.explained:
        return found.lacking or "no model scored the case"
    said, score = found.payload["recommendation"], found.payload["score"]
    return Reasons(
        recommendation_id=said["id"],
        explained_class=score["explained"],
        base=score["base"],
        probability=score["probability"],
        reason_groups=said["reason_groups"],
        reasons=said["reasons"],
        missing=said["missing"],
        facts=score["steps"],
    )


def in_words(payload: Payload, specs: Sequence[FeatureSpec]) -> Payload:
    """The payload with each step in words; a feature that no spec tells of by its bare name."""
    score = payload.get("score") or {"steps": None}
    steps = score["steps"]
    if not steps or _has_words(steps):
        return payload
    known = {spec.name: spec for spec in specs}
    features, unseen = payload["features"], set(score["unseen"])
    made = [
        _step(known.get(name), name, features.get(name), contribution, unseen=name in unseen)
        for name, contribution in steps
    ]
    return {**payload, "score": {**score, "steps": made}}


def _step(
    spec: FeatureSpec | None,
    name: str,
    value: float | str | None,
    contribution: float,
    *,
    unseen: bool,
) -> dict[str, Any]:
    plain = f"{name}: {'missing' if value is None else value}"
    return {
        "feature": name,
        "theme": "" if spec is None else str(spec.theme),
        "value": value,
        "sentence": plain if spec is None else worded(spec, value, unseen=unseen),
        "contribution": contribution,
    }


def _has_words(steps: Sequence[Any] | None) -> bool:
    """Whether steps are recorded in words, as earlier versions did: they need no model."""
    return bool(steps and isinstance(steps[0], Mapping))


def _specs(payload: Payload, sources: Sources) -> Sequence[FeatureSpec]:
    advice = Advice.model_validate(payload["recommendation"])
    if advice.model is None:
        return ()
    model = sources.champion(advice.task, advice.model.version, advice.model.digest).model
    return model.features


def _computed(entry: Entry, payload: Payload, sources: Sources) -> Payload:
    """The payload as if its reasons had been wanted.

    Raises:
        NotReplayableError: what answered cannot be found again.
    """
    recorded = Recorded.of(entry)
    question = Question.of(recorded, sources.tasks[recorded.advice.task])
    (draft,) = again(recorded.made_from, [question], sources, Explain.ALL)
    score = draft.payload["score"]
    return {
        **payload,
        "score": {**score, "steps": score["steps"].told()},
        "recommendation": draft.payload["recommendation"],
    }
