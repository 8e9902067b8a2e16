"""A fitted model: immutable, and all that a score needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.calibration import Calibration
from models.conformal import Conformal, wilson
from models.encode import Encoded, Encoder, Inputs
from models.explain import Explanations, Scored, explain
from models.feature_spec import FeatureSpec
from models.task import TaskName
from models.trees import Trees

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Within = Callable[[str], AbstractContextManager[None]]
SCORE, EXPLAIN = "score", "explain"
"""Parts of an answer; see `Model.answer`."""


@dataclass(frozen=True)
class Predictions:
    """Answers for n cases.

    probability: (n, K), rows sum to exactly one.
    explained: (n,) class that the interval and the explanation are about: the event of a
        binary task (class 1), else the likeliest class.
    low, high: (n,) interval of that class's probability, from past cases like it.
    similar, similar_hits: (n,) how many past cases got a similar probability of that class,
        and how many of them ended in it.
    class_set: (n, K) classes that cannot be ruled out at the stated coverage.
    quantiles: (n, Q) of the task's target, rising; None where the task predicts none.
    unseen: per row the features whose category training never saw.
    outside: per row the features whose number lies outside what training saw.
    """

    probability: Floats
    explained: Ints
    low: Floats
    high: Floats
    similar: Ints
    similar_hits: Ints
    class_set: NDArray[np.bool_]
    quantiles: Floats | None
    unseen: tuple[tuple[str, ...], ...]
    outside: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.probability)

    @property
    def score(self) -> Floats:
        """(n,) probability of the explained class; the number that is logged."""
        return self.probability[np.arange(len(self)), self.explained]


@dataclass(frozen=True)
class _Read:
    """Inputs as the model reads them. probability: (n, K). explained: (n,) class."""

    encoded: Encoded
    probability: Floats
    explained: Ints


@dataclass(frozen=True, eq=False)
class Model:
    """What `fit` makes and `save` and `load` keep.

    trees give margins, `calibration` makes probabilities of them, `conformal` says how sure.
    quantile_levels, quantile_trees: of the task's target, one each; empty if it has none.
    reference: distributions of the training inputs and scores, for monitoring.
    golden: some inputs with their exact answers. card: short text for people.
    digest: sha256 of the artefact's manifest; names this model and nothing else.
    """

    task_name: TaskName
    classes: tuple[str, ...]
    encoder: Encoder
    trees: Trees
    calibration: Calibration
    conformal: Conformal
    quantile_levels: tuple[float, ...]
    quantile_trees: tuple[Trees, ...]
    reference: Mapping[str, Any]
    golden: Mapping[str, Any]
    card: str
    digest: str = ""

    @property
    def features(self) -> tuple[FeatureSpec, ...]:
        """The inputs, in order."""
        return self.encoder.specs

    @property
    def binary(self) -> bool:
        """Whether there are two classes, the second being the event."""
        return len(self.classes) == 2

    def predict(self, inputs: Inputs, threads: int = 1) -> Predictions:
        """Answers for a frame or a mapping of arrays, one a row.

        A row's answer does not depend on the other rows, bit for bit.

        Raises:
            InputError: for inputs that are not the model's features.
        """
        return self._predictions(self._read(inputs, threads), threads)

    def explain(self, inputs: Inputs, k: int | None = None, threads: int = 1) -> Explanations:
        """Why each row has its score: the k strongest parts (all if None) and the rest."""
        return self._explanations(self._read(inputs, threads), inputs, k, threads)

    def answer(
        self, inputs: Inputs, threads: int = 1, within: Within = lambda _: nullcontext()
    ) -> tuple[Predictions, Explanations]:
        """What `predict` and `explain` give, with the inputs encoded and scored once.

        within: entered around each part of the work: `score`, then `explain`.

        Raises:
            InputError: for inputs that are not the model's features.
        """
        with within(SCORE):
            read = self._read(inputs, threads)
            answers = self._predictions(read, threads)
        with within(EXPLAIN):
            return answers, self._explanations(read, inputs, None, threads)

    def explained(self, probability: Floats) -> Ints:
        """(n,) the event of a binary task, else the likeliest class."""
        if self.binary:
            return np.ones(len(probability), dtype=np.int64)
        return np.asarray(np.argmax(probability, axis=1))

    def _read(self, inputs: Inputs, threads: int) -> _Read:
        encoded = self.encoder.encode(inputs)
        probability = self.calibration.probabilities(self.trees.margins(encoded.matrix, threads))
        return _Read(encoded, probability, self.explained(probability))

    def _predictions(self, read: _Read, threads: int) -> Predictions:
        encoded, probability, explained = read.encoded, read.probability, read.explained
        score = probability[np.arange(len(probability)), explained]
        similar, hits = self.conformal.similar(probability, explained)
        low, high = wilson(hits, similar)
        return Predictions(
            probability=probability,
            explained=explained,
            low=np.minimum(low, score),
            high=np.maximum(high, score),
            similar=similar,
            similar_hits=hits,
            class_set=self.conformal.class_set(probability),
            quantiles=self._quantiles(encoded.matrix, threads),
            unseen=self._named(encoded.unseen),
            outside=self._named(self.encoder.outside(encoded.matrix)),
        )

    def _explanations(
        self, read: _Read, inputs: Inputs, k: int | None, threads: int
    ) -> Explanations:
        parts = self.trees.contributions(read.encoded.matrix, threads)
        scored = Scored(
            self.encoder,
            self.calibration,
            self.classes,
            read.encoded,
            parts,
            read.probability,
            read.explained,
        )
        return explain(scored, inputs, k)

    def _quantiles(self, matrix: Floats, threads: int) -> Floats | None:
        if not self.quantile_trees:
            return None
        raw = [trees.margins(matrix, threads)[:, 0] for trees in self.quantile_trees]
        return self.conformal.shifted(np.stack(raw, axis=1))

    def _named(self, flags: NDArray[np.bool_]) -> tuple[tuple[str, ...], ...]:
        names: list[tuple[str, ...]] = [()] * len(flags)
        for row in np.flatnonzero(flags.any(axis=1)).tolist():
            names[row] = tuple(self.encoder.names[i] for i in np.flatnonzero(flags[row]))
        return tuple(names)
