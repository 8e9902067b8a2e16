"""Reasons of a recorded answer in words, recomputed where it was given without them.

An entry holds the facts and what each contributed; the words for them are the model's. Where an
answer was given without reasons, they are computed as they would have been.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from models.encoding.feature_spec import FeatureSpec
from models.explanation import value_in_words
from serving.audit.log.entry import Entry
from serving.recommendation.recommendation import Advice, FrozenModel, Reason, ReasonGroup
from serving.replay.recomputation import RecordedQuestion, recompute_drafts
from serving.replay.recorded_answer import NotReplayableError, RecordedAnswer
from serving.replay.sources import ReplaySources
from serving.tasks.messages import Explain

Payload = Mapping[str, Any]


class Fact(FrozenModel):
    """What one fact did to the probability. value: as the model read it; null where missing."""

    feature: str
    theme: str
    value: float | str | None
    sentence: str
    contribution: float


class Reasons(FrozenModel):
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
class WordedAnswer:
    """The payload of an entry, its reasons in words. lacking: why it has none; "" if it has."""

    payload: Payload
    lacking: str = ""

    @property
    def explained(self) -> bool:
        """Whether the payload has reasons."""
        return bool(self.payload.get("score")) and self.payload["score"]["steps"] is not None


def read_worded_answer(entry: Entry, sources: ReplaySources) -> WordedAnswer:
    """Read the payload of an answer as a report shows it.

    Raises:
        PayloadErasedError: it was erased.
    """
    payload: dict[str, Any] = entry.payload
    if not payload.get("score"):
        return WordedAnswer(payload)
    try:
        if payload["score"]["steps"] is None:
            return WordedAnswer(_recompute_with_reasons(entry, payload, sources))
        return WordedAnswer(word_steps(payload, _feature_specs(payload, sources)))
    except NotReplayableError as error:
        return WordedAnswer(word_steps(payload, ()), str(error))


def answer_reasons(entry: Entry, sources: ReplaySources) -> Reasons | str:
    """Return the reasons of a scored answer, or why there are none.

    Raises:
        PayloadErasedError: it was erased.
    """
    answer = read_worded_answer(entry, sources)
    if not answer.explained:
        return answer.lacking or "no model scored the case"
    recommendation, score = answer.payload["recommendation"], answer.payload["score"]
    return Reasons(
        recommendation_id=recommendation["id"],
        explained_class=score["explained"],
        base=score["base"],
        probability=score["probability"],
        reason_groups=recommendation["reason_groups"],
        reasons=recommendation["reasons"],
        missing=recommendation["missing"],
        facts=score["steps"],
    )


def word_steps(payload: Payload, specs: Sequence[FeatureSpec]) -> Payload:
    """Put each step of a payload into words; a feature without a spec by its bare name."""
    score = payload.get("score") or {"steps": None}
    steps = score["steps"]
    if not steps:
        return payload
    spec_of = {spec.name: spec for spec in specs}
    features, unseen = payload["features"], set(score["unseen"])
    worded = [
        _worded_step(
            spec_of.get(name), name, features.get(name), contribution, unseen=name in unseen
        )
        for name, contribution in steps
    ]
    return {**payload, "score": {**score, "steps": worded}}


def _worded_step(
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
        "sentence": plain if spec is None else value_in_words(spec, value, unseen=unseen),
        "contribution": contribution,
    }


def _feature_specs(payload: Payload, sources: ReplaySources) -> Sequence[FeatureSpec]:
    advice = Advice.model_validate(payload["recommendation"])
    if advice.model is None:
        return ()
    model = sources.champion(advice.task, advice.model.version, advice.model.digest).model
    return model.features


def _recompute_with_reasons(entry: Entry, payload: Payload, sources: ReplaySources) -> Payload:
    """Recompute the payload with reasons.

    Raises:
        NotReplayableError: the model, policy or history cannot be found.
    """
    recorded = RecordedAnswer.of(entry)
    question = RecordedQuestion.of(recorded, sources.tasks[recorded.advice.task])
    (draft,) = recompute_drafts(recorded.basis, [question], sources, Explain.ALL)
    score = draft.payload["score"]
    return {
        **payload,
        "score": {**score, "steps": score["steps"].as_dicts()},
        "recommendation": draft.payload["recommendation"],
    }
