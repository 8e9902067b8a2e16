"""From requests to scores: the case, its past from the profiles, features, model."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from data.contracts.table import KNOWN_AT, Column, Kind
from features.cases import Cases, CaseShape, Children, Floats, array_of
from features.history.stream import Stream
from features.inputs import columns
from models.model import Model, Predictions, Read
from serving.audit.canonical import canonical
from serving.audit.written import Written, numbers, written
from serving.champions import Champion
from serving.observe.observer import SILENT, Observer, Stage

PROCESSORS = (
    len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
)

Record = Mapping[str, Any]
Value = float | str | None
Columns = Mapping[str, NDArray[Any]]


class Past(Protocol):
    """Where the past of cases is looked up: the profiles, or what was recorded of them."""

    @property
    def as_of(self) -> date:
        """The day up to which (midnight UTC, exclusive) events count."""

    @property
    def snapshot_id(self) -> str:
        """Names what is looked up in."""

    def lookup(
        self, streams: Sequence[Stream], columns: Mapping[str, NDArray[Any]], n: int
    ) -> dict[str, Floats]:
        """Every measure of every stream for n cases; see `features.profiles.Profiles`."""


class Step(Protocol):
    """A step of the waterfall: what one fact (or all others together) did to the probability."""

    @property
    def feature(self) -> str:
        """Its name."""

    @property
    def theme(self) -> str | None:
        """Its subject."""

    @property
    def value(self) -> Value:
        """As the model read it; None where it was missing."""

    @property
    def sentence(self) -> str:
        """What a reviewer reads."""

    @property
    def contribution(self) -> float:
        """Change of the probability."""


class Steps(tuple[Step, ...]):
    """Steps in the order in which they were added up, the strongest first.

    Recorded as names and contributions: values are among the features on record, and the words
    for them in the model that is named beside.
    """

    __slots__ = ()

    def canonical(self) -> str:
        """As they are recorded; see `serving.audit.canonical`."""
        told = numbers([step.contribution for step in self])
        if "null" in told:
            raise ValueError("a contribution that is not finite cannot be recorded exactly as JSON")
        pairs = [f"[{_quoted(step.feature)},{n}]" for step, n in zip(self, told, strict=True)]
        return f"[{','.join(pairs)}]"

    def told(self) -> list[dict[str, Value]]:
        """With words and values, as entries of earlier versions hold them and reports read them."""
        return [
            {
                "feature": step.feature,
                "theme": str(step.theme or ""),
                "value": step.value,
                "sentence": step.sentence,
                "contribution": step.contribution,
            }
            for step in self
        ]


_quoted = lru_cache(4096)(canonical)
"""Names of features: the same in every answer."""


@dataclass(frozen=True)
class Score:
    """What the model says of one case, as it is recorded; see `models.model.Predictions`.

    base + the steps' contributions == probability, exactly; both are of class `explained`, and
    None where nobody wanted them. quantiles: of the delay in days by level ("0.5"), where the
    task predicts one.
    """

    probabilities: dict[str, float]
    explained: str
    probability: float
    low: float
    high: float
    similar: int
    similar_hits: int
    class_set: list[str]
    quantiles: dict[str, float]
    unseen: list[str]
    outside: list[str]
    base: float | None = None
    steps: Steps | None = None

    def recorded(self) -> dict[str, Any]:
        """As the record holds it."""
        return dict(vars(self))

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Self:
        """What was recorded, but for its steps.

        Raises:
            TypeError: it is no score.
        """
        return cls(**{**fields, "base": None, "steps": None})


@dataclass(frozen=True)
class Scored:
    """Scores of n cases, the model's answers they were read from, and what they were made of.

    history: every measure that the profiles gave for a case, by its full name. features: by
    name. In both, missing is null. inputs, read: what explanations are made from.
    """

    answers: Predictions
    history: list[Written]
    features: list[Written]
    scores: list[Score]
    inputs: Columns = field(repr=False)
    read: Read | None = field(default=None, repr=False)


def score(
    champion: Champion,
    profiles: Past,
    records: Sequence[Record],
    asked_at: Sequence[datetime],
    observe: Observer = SILENT,
) -> Scored:
    """Scores, not explained, in the order of the records.

    records: cases as plain values, one key a column or child of the task's shape.

    Raises:
        features.profiles.ProfilesError: when the snapshot lacks what the task needs.
    """
    with observe.stage(Stage.LOOKUP):
        cases = with_past(champion, profiles, records, asked_at)
        made = columns(champion.features, cases)
    with observe.stage(Stage.SCORE):
        read = champion.model.read(made, threads=PROCESSORS)
    return Scored(
        answers=read.answers,
        history=written(cases.history, len(cases)),
        features=written(made, len(cases)),
        scores=_scores(champion.model, read.answers),
        inputs=made,
        read=read,
    )


def explained(
    champion: Champion, scored: Scored, rows: Sequence[int], observe: Observer = SILENT
) -> list[Score]:
    """The scores in those rows with what they are made of, by the model that gave them."""
    if not rows:
        return []
    assert scored.read is not None
    with observe.stage(Stage.EXPLAIN):
        reasons = champion.model.explain_rows(scored.read, scored.inputs, rows, threads=PROCESSORS)
    return [
        replace(scored.scores[row], base=reason.base, steps=Steps(reason.parts))
        for row, reason in zip(rows, reasons, strict=True)
    ]


def probabilities(
    champion: Champion, profiles: Past, records: Sequence[Record], asked_at: Sequence[datetime]
) -> list[dict[str, float]]:
    """Probabilities by class, those that `score` gives to the last bit, without explanations."""
    cases = with_past(champion, profiles, records, asked_at)
    answers = champion.model.predict(columns(champion.features, cases))
    return [
        dict(zip(champion.model.classes, row, strict=True)) for row in answers.probability.tolist()
    ]


def with_past(
    champion: Champion, profiles: Past, records: Sequence[Record], asked_at: Sequence[datetime]
) -> Cases:
    """The records as the features read them, with what the profiles know of their past."""
    cases = cases_of(champion.shape, records, asked_at, profiles.as_of)
    past = profiles.lookup(champion.streams, cases.columns, len(cases))
    return replace(cases, history=past)


def cases_of(
    shape: CaseShape, records: Sequence[Record], asked_at: Sequence[datetime], as_of: Any
) -> Cases:
    """The records as the features read them, without their past.

    as_of: the day up to which the profiles know.
    """
    n = len(records)
    return Cases(
        asked_at=_moments(asked_at),
        as_of=np.full(n, np.datetime64(as_of, "D")),
        columns={str(c): _array(c, [record[c] for record in records]) for c in shape.columns},
        children={
            name: _children(columns, [record[name] for record in records])
            for name, columns in shape.children.items()
        },
        history={},
    )


def _children(columns: tuple[Column, ...], lists: Sequence[Sequence[Record]]) -> Children:
    """Children of all cases; within a case in the order in which they became known."""
    ordered = [sorted(rows, key=lambda row: row[KNOWN_AT]) for rows in lists]
    flat = [row for rows in ordered for row in rows]
    return Children(
        row=np.repeat(np.arange(len(lists)), [len(rows) for rows in lists]).astype(np.int64),
        columns={str(c): _array(c, [row[c] for row in flat]) for c in columns},
        cases=len(lists),
    )


def _array(column: Column, given: list[Any]) -> NDArray[Any]:
    if column.kind is Kind.MOMENT:
        return _moments(given)
    return array_of(column, given)


def _moments(given: Sequence[datetime | None]) -> NDArray[np.datetime64]:
    naive = [None if v is None else v.astimezone(UTC).replace(tzinfo=None) for v in given]
    return np.array(naive, dtype="datetime64[us]")


def _scores(model: Model, answers: Predictions) -> list[Score]:
    classes, levels = model.classes, [f"{level:g}" for level in model.quantile_levels]
    held = answers.quantiles
    quantiles = [[]] * len(answers) if held is None else held.tolist()
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
