"""Fitted model: immutable, with everything that a score and its explanation need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.calibration.calibrators import Calibration
from models.conformal.prediction_sets import Conformal
from models.encoding.encoder import EncodedInputs, Encoder, ModelInputs
from models.encoding.feature_spec import FeatureSpec
from models.estimator.trees import Trees
from models.explanation import Explanations, ScoredRows, build_explanations
from models.rule_precision import RulePrecisions
from models.task import TaskName

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Predictions:
    """Predictions for n cases.

    Attributes:
        probability: (n, K), rows sum to exactly one.
        explained: (n,) class that the interval and the explanation are about: the event of a
            binary task (class 1), else the likeliest class.
        low, high: (n,) exact 90 % interval of the share of past cases like it that ended in that
            class; the probability may lie outside, and then that history disagrees.
        similar: (n,) number of past cases with a similar probability of that class.
        similar_hits: (n,) number of those that ended in it.
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
class EncodedPredictions:
    """Encoded inputs and the predictions for them, from which explanations are built."""

    encoded: EncodedInputs
    answers: Predictions


@dataclass(frozen=True, eq=False)
class Model:
    """A fitted model, as `fit` builds it and an artefact stores it.

    `trees` give margins, `calibration` turns them into probabilities, and `conformal` states
    how certain those are.

    Attributes:
        quantile_levels, quantile_trees: of the task's target, one each; empty if it has none.
        reference: distributions of the training inputs and scores, for monitoring.
        golden: some inputs with their exact answers.
        card: short text for people.
        rules: precision of the service's rules on the asks learnt from; empty if not measured.
        digest: sha256 of the artefact's manifest; identifies this model.
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
    rules: RulePrecisions = field(default_factory=dict)
    digest: str = ""

    @property
    def features(self) -> tuple[FeatureSpec, ...]:
        """Specs of the input features, in order."""
        return self.encoder.specs

    @property
    def binary(self) -> bool:
        """Whether there are two classes, the second being the event."""
        return len(self.classes) == 2

    def predict(self, inputs: ModelInputs, threads: int = 1) -> Predictions:
        """Predict each row of a frame or of a mapping of arrays.

        A row's answer does not depend on the other rows, bit for bit.

        Raises:
            InputError: for inputs that are not the model's features.
        """
        return self.read(inputs, threads).answers

    def explain(self, inputs: ModelInputs, k: int | None = None, threads: int = 1) -> Explanations:
        """Explain the score of each row by its k strongest parts (all if None) and the rest."""
        read = self.read(inputs, threads)
        return self.explain_rows(read, inputs, range(len(read.answers)), k, threads)

    def read(self, inputs: ModelInputs, threads: int = 1) -> EncodedPredictions:
        """Encode and predict rows; the result also holds the inputs that `explain_rows` needs."""
        encoded = self.encoder.encode(inputs)
        probability = self.calibration.probabilities(self.trees.margins(encoded.matrix, threads))
        return EncodedPredictions(encoded, self._predictions(encoded, probability, threads))

    def explain_rows(
        self,
        read: EncodedPredictions,
        inputs: ModelInputs,
        rows: Sequence[int],
        k: int | None = None,
        threads: int = 1,
    ) -> Explanations:
        """Explain the scores of the rows at these positions, in their order."""
        # All of them is the usual wish, and taking all is quicker than choosing each.
        every = len(rows) == len(read.answers)
        chosen = slice(None) if every else np.asarray(rows, dtype=np.int64)
        scored = ScoredRows(
            self.encoder,
            self.calibration,
            self.classes,
            read.encoded.unseen[chosen],
            self.trees.contributions(read.encoded.matrix[chosen], threads),
            read.answers.probability[chosen],
            read.answers.explained[chosen],
        )
        columns = [np.asarray(inputs[name])[chosen] for name in self.encoder.names]
        return build_explanations(scored, columns, k)

    def explained(self, probability: Floats) -> Ints:
        """(n,) the event of a binary task, else the likeliest class."""
        if self.binary:
            return np.ones(len(probability), dtype=np.int64)
        return np.asarray(np.argmax(probability, axis=1))

    def _predictions(
        self, encoded: EncodedInputs, probability: Floats, threads: int
    ) -> Predictions:
        explained = self.explained(probability)
        similar = self.conformal.similar(probability, explained)
        return Predictions(
            probability=probability,
            explained=explained,
            low=similar.low,
            high=similar.high,
            similar=similar.rows,
            similar_hits=similar.hits,
            class_set=self.conformal.class_set(probability),
            quantiles=self._quantiles(encoded.matrix, threads),
            unseen=self._named(encoded.unseen & self.encoder.in_use),
            outside=self._named(self.encoder.outside(encoded.matrix)),
        )

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
