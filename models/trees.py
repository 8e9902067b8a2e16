"""Boosted trees as a value: LightGBM's text, and the margins it gives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CONSTANT = "constant\n"


@dataclass(frozen=True)
class Trees:
    """text: LightGBM's model text, or CONSTANT where there was nothing to learn.

    A margin is the raw score of one output: one for a binary model and for a quantile, one
    a class (of those with training rows) otherwise. Each row's margins depend on that row
    only, bit for bit, whatever the batch and the number of threads.
    """

    text: str

    @cached_property
    def _booster(self) -> lgb.Booster | None:
        return None if self.text == CONSTANT else lgb.Booster(model_str=self.text)

    @cached_property
    def outputs(self) -> int:
        """Number of margins a row."""
        return 1 if self._booster is None else int(self._booster.num_model_per_iteration())

    def load(self) -> Trees:
        """Build the trees now, rather than at the first score."""
        assert self.outputs > 0
        return self

    def margins(self, matrix: Floats, threads: int = 1) -> Floats:
        """(n, M) margins of an (n, F) matrix."""
        if self._booster is None or len(matrix) == 0:
            return np.zeros((len(matrix), self.outputs))
        raw = self._booster.predict(
            matrix, raw_score=True, num_threads=threads, validate_features=False
        )
        return np.asarray(raw, dtype=np.float64).reshape(len(matrix), self.outputs)

    def contributions(self, matrix: Floats, threads: int = 1) -> Floats:
        """(n, M, F + 1) TreeSHAP parts of the margins; the last is the base."""
        rows, width = matrix.shape
        if self._booster is None or rows == 0:
            return np.zeros((rows, self.outputs, width + 1))
        parts = self._booster.predict(
            matrix, pred_contrib=True, num_threads=threads, validate_features=False
        )
        return np.asarray(parts, dtype=np.float64).reshape(rows, self.outputs, width + 1)

    def gains(self, width: int) -> Floats:
        """(F,) total gain of the splits on each feature."""
        if self._booster is None:
            return np.zeros(width)
        return np.asarray(self._booster.feature_importance("gain"), dtype=np.float64)


def without_parameters(text: str) -> str:
    """The model text without the parameters it was trained with.

    They do not change a score, but they hold machine matters such as the number of
    threads, and the digest must be the same wherever the same data is trained on.
    """
    head, found, tail = text.partition("\nparameters:\n")
    if not found:
        return text
    return head + tail.partition("end of parameters\n")[2]
