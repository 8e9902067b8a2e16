"""From requests to scores: the case, its past from the profiles, features, model."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from data.contracts.table import KNOWN_AT, Column, Kind
from features.cases import Cases, CaseShape, Children, Floats, array_of
from features.history.stream import Stream
from features.inputs import columns
from models.explain import Explanation
from models.model import Predictions
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


class Step(BaseModel):
    """A step of the waterfall: what one fact (or all others together) did to the probability."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    feature: str
    theme: str
    value: Value
    sentence: str
    contribution: float


class Score(BaseModel):
    """What the model says of one case, as it is recorded; see `models.model.Predictions`.

    base + the steps' contributions == probability, exactly; both are of class `explained`.
    quantiles: of the delay in days by level ("0.5"), where the task predicts one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

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
    base: float
    steps: list[Step]


@dataclass(frozen=True)
class Scored:
    """Scores of n cases, the model's answers they were read from, and what they were made of.

    history: every measure that the profiles gave for a case, by its full name. features: by
    name. In both, missing is null.
    """

    answers: Predictions
    history: list[dict[str, Value]]
    features: list[dict[str, Value]]
    scores: list[Score]


def score(
    champion: Champion,
    profiles: Past,
    records: Sequence[Record],
    asked_at: Sequence[datetime],
    observe: Observer = SILENT,
) -> Scored:
    """Scores with their explanations, in the order of the records.

    records: cases as plain values, one key a column or child of the task's shape.

    Raises:
        features.profiles.ProfilesError: when the snapshot lacks what the task needs.
    """
    with observe.stage(Stage.LOOKUP):
        cases = with_past(champion, profiles, records, asked_at)
        made = columns(champion.features, cases)
    answers, reasons = champion.model.answer(
        made, threads=PROCESSORS, within=lambda part: observe.stage(Stage(part))
    )
    classes = champion.model.classes
    levels = champion.model.quantile_levels
    return Scored(
        answers=answers,
        history=_plain(cases.history, len(cases)),
        features=_plain(made, len(cases)),
        scores=[_score(classes, levels, answers, reasons[i], i) for i in range(len(records))],
    )


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


def _plain(columns: Columns, n: int) -> list[dict[str, Value]]:
    """Values of n cases as JSON can hold them: missing is null."""
    plain = {str(name): [_value(v) for v in values.tolist()] for name, values in columns.items()}
    return [{name: values[i] for name, values in plain.items()} for i in range(n)]


def _value(value: Any) -> Value:
    return None if value is None or value != value else value  # noqa: PLR0124 - NaN is unlike itself


def _score(
    classes: Sequence[str],
    levels: Sequence[float],
    answers: Predictions,
    reason: Explanation,
    row: int,
) -> Score:
    held = answers.quantiles
    return Score.model_validate(
        {
            "probabilities": dict(zip(classes, answers.probability[row].tolist(), strict=True)),
            "explained": reason.name,
            "probability": reason.score,
            "low": float(answers.low[row]),
            "high": float(answers.high[row]),
            "similar": int(answers.similar[row]),
            "similar_hits": int(answers.similar_hits[row]),
            "class_set": [name for i, name in enumerate(classes) if answers.class_set[row, i]],
            "quantiles": {}
            if held is None
            else {f"{level:g}": float(held[row, i]) for i, level in enumerate(levels)},
            "unseen": list(answers.unseen[row]),
            "outside": list(answers.outside[row]),
            "base": reason.base,
            "steps": [
                {
                    "feature": part.feature,
                    "theme": str(part.theme or ""),
                    "value": part.value,
                    "sentence": part.text,
                    "contribution": part.contribution,
                }
                for part in reason.parts
            ],
        }
    )
