"""Score cases: look up their history, compute features, run the model, and explain chosen rows."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from data.contracts.table import Column, Kind
from features.cases import Cases, CaseShape, Children, Floats, case_array
from features.feature import feature_columns
from features.history.stream import Stream
from models.model import EncodedPredictions, Model, Predictions
from models.rule_precision import RulePrecisions
from serving.audit.log.canonical_json import canonicalize
from serving.audit.log.preserialized import PreserializedObject, number_texts, preserialize_rows
from serving.model_registry.champions import LoadedModel
from serving.recommendation.score import Score, Waterfall
from serving.telemetry.observer import NULL_OBSERVER, Observer, Stage

PROCESSORS = (
    len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
)

Record = Mapping[str, Any]
Columns = Mapping[str, NDArray[Any]]


class HistorySource(Protocol):
    """History of cases: the profiles, or the measures recorded with earlier answers."""

    @property
    def as_of(self) -> date:
        """The day up to which (midnight UTC, exclusive) events count."""

    @property
    def snapshot_id(self) -> str:
        """Identifier of the snapshot."""

    def lookup(
        self, streams: Sequence[Stream], columns: Mapping[str, NDArray[Any]], n: int
    ) -> dict[str, Floats]:
        """Look up every measure of every stream for n cases; see `features.profiles.Profiles`."""


@dataclass(frozen=True)
class ScoredBatch:
    """Scores of n cases, with the predictions and the data behind them.

    history: the measures of each case, by full name. features: of each case, by name. Missing
    values are null in both. inputs, read: the model's input, needed to explain rows. rules:
    precision of the rules, as the model's training measured it.
    """

    answers: Predictions
    history: list[PreserializedObject]
    features: list[PreserializedObject]
    scores: list[Score]
    inputs: Columns = field(repr=False)
    read: EncodedPredictions | None = field(default=None, repr=False)
    rules: RulePrecisions = field(default_factory=dict, repr=False)


class RecordedWaterfall(Waterfall):
    """A waterfall that is recorded as pairs of feature and contribution.

    The values are among the features on record, and the words for them in the model that the
    record names.
    """

    __slots__ = ()

    def canonical(self) -> str:
        """Write the pairs as RFC 8785 JSON; see `serving.audit.log.canonical_json`.

        Raises:
            ValueError: a contribution that is not finite.
        """
        contributions = number_texts([step.contribution for step in self])
        if "null" in contributions:
            raise ValueError("a contribution that is not finite cannot be recorded exactly as JSON")
        pairs = [
            f"[{_quoted_feature(step.feature)},{contribution}]"
            for step, contribution in zip(self, contributions, strict=True)
        ]
        return f"[{','.join(pairs)}]"


_quoted_feature = lru_cache(4096)(canonicalize)
"""Feature names as JSON text, kept: they are the same in every answer."""


def score_cases(
    champion: LoadedModel,
    profiles: HistorySource,
    records: Sequence[Record],
    asked_at: Sequence[datetime],
    observer: Observer = NULL_OBSERVER,
) -> ScoredBatch:
    """Score cases without explaining them.

    Args:
        champion: the model.
        profiles: history of the cases.
        records: cases as plain values, one key for each column or child of the task's shape.
        asked_at: the moment that each case is asked about.
        observer: told of the stages.

    Raises:
        features.profiles.ProfilesError: the snapshot lacks what the task needs.
    """
    with observer.stage(Stage.LOOKUP):
        cases = attach_history(champion, profiles, records, asked_at)
        features = feature_columns(champion.features, cases)
    with observer.stage(Stage.SCORE):
        read = champion.model.read(features, threads=PROCESSORS)
    return ScoredBatch(
        answers=read.answers,
        history=preserialize_rows(cases.history, len(cases)),
        features=preserialize_rows(features, len(cases)),
        scores=_scores_of(champion.model, read.answers),
        inputs=features,
        read=read,
        rules=champion.model.rules,
    )


def explain_rows(
    champion: LoadedModel,
    scored: ScoredBatch,
    rows: Sequence[int],
    observer: Observer = NULL_OBSERVER,
) -> list[Score]:
    """Explain the scores of some rows with the model that gave them; in the order of `rows`."""
    if not rows:
        return []
    assert scored.read is not None
    with observer.stage(Stage.EXPLAIN):
        reasons = champion.model.explain_rows(scored.read, scored.inputs, rows, threads=PROCESSORS)
    return [
        replace(scored.scores[row], base=reason.base, steps=RecordedWaterfall(reason.parts))
        for row, reason in zip(rows, reasons, strict=True)
    ]


def predict_probabilities(
    champion: LoadedModel,
    profiles: HistorySource,
    records: Sequence[Record],
    asked_at: Sequence[datetime],
) -> list[dict[str, float]]:
    """Predict probabilities by class, equal to the bit to those of `score_cases`."""
    cases = attach_history(champion, profiles, records, asked_at)
    answers = champion.model.predict(feature_columns(champion.features, cases))
    return [
        dict(zip(champion.model.classes, row, strict=True)) for row in answers.probability.tolist()
    ]


def attach_history(
    champion: LoadedModel,
    profiles: HistorySource,
    records: Sequence[Record],
    asked_at: Sequence[datetime],
) -> Cases:
    """Convert records to what features are computed from, with their history."""
    cases = build_cases(champion.shape, records, asked_at, profiles.as_of)
    past = profiles.lookup(champion.streams, cases.columns, len(cases))
    return replace(cases, history=past)


def build_cases(
    shape: CaseShape, records: Sequence[Record], asked_at: Sequence[datetime], as_of: Any
) -> Cases:
    """Convert records to what features are computed from, without history.

    as_of: the day up to which the history reaches.
    """
    n = len(records)
    return Cases(
        asked_at=_moment_array(asked_at),
        as_of=np.full(n, np.datetime64(as_of, "D")),
        columns={
            str(c): _column_array(c, [record[c] for record in records]) for c in shape.columns
        },
        children={
            name: _build_children(columns, [record[name] for record in records])
            for name, columns in shape.children.items()
        },
        history={},
    )


def _build_children(columns: tuple[Column, ...], lists: Sequence[Sequence[Record]]) -> Children:
    """Join the children of all cases; those of a case in the order of its record."""
    flat = [row for rows in lists for row in rows]
    return Children(
        row=np.repeat(np.arange(len(lists)), [len(rows) for rows in lists]).astype(np.int64),
        columns={str(c): _column_array(c, [row[c] for row in flat]) for c in columns},
        cases=len(lists),
    )


def _column_array(column: Column, values: list[Any]) -> NDArray[Any]:
    if column.kind is Kind.MOMENT:
        return _moment_array(values)
    return case_array(column, values)


def _moment_array(moments: Sequence[datetime | None]) -> NDArray[np.datetime64]:
    naive = [None if v is None else v.astimezone(UTC).replace(tzinfo=None) for v in moments]
    return np.array(naive, dtype="datetime64[us]")


def _scores_of(model: Model, answers: Predictions) -> list[Score]:
    classes, levels = model.classes, [f"{level:g}" for level in model.quantile_levels]
    predicted = answers.quantiles
    quantiles = [[]] * len(answers) if predicted is None else predicted.tolist()
    every = zip(
        answers.probability.tolist(),
        answers.explained.tolist(),
        answers.low.tolist(),
        answers.high.tolist(),
        answers.similar.tolist(),
        answers.similar_hits.tolist(),
        answers.class_set.tolist(),
        quantiles,
        answers.unseen,
        answers.outside,
        strict=True,
    )
    return [
        Score(
            probabilities=dict(zip(classes, probability, strict=True)),
            explained=classes[explained],
            probability=probability[explained],
            low=low,
            high=high,
            similar=similar,
            similar_hits=hits,
            class_set=[name for name, held in zip(classes, kept, strict=True) if held],
            quantiles=dict(zip(levels, of_row, strict=False)),
            unseen=list(unseen),
            outside=list(outside),
        )
        for (
            probability,
            explained,
            low,
            high,
            similar,
            hits,
            kept,
            of_row,
            unseen,
            outside,
        ) in every
    ]
