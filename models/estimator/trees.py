"""Boosted trees as an immutable value: LightGBM's model text, margins and contributions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.estimator.forest import Forest, UnknownTreesError, parse_forest
from models.estimator.treeshap import TreeShap

if TYPE_CHECKING:
    import lightgbm as lgb


Floats = NDArray[np.float64]

CONSTANT_MODEL = "constant\n"
SMALL_BATCH_ROWS = 4096  # rows that are walked down at once, without the threads and checks of many


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
        """LightGBM booster; built on demand, as its import takes a second and few trees need it."""
        if self.text == CONSTANT_MODEL:
            return None
        import lightgbm as lgb  # noqa: PLC0415

        return lgb.Booster(model_str=self.text)

    @cached_property
    def _forest(self) -> Forest | None:
        """Compiled trees; None where only LightGBM can evaluate their kind."""
        try:
            return None if self.text == CONSTANT_MODEL else parse_forest(self.text)
        except UnknownTreesError:
            return None

    @cached_property
    def _shap(self) -> TreeShap | None:
        """Our TreeSHAP; None for trees of a kind that only LightGBM can explain."""
        if self._forest is None:
            return None
        try:
            return TreeShap.of(self._forest)
        except UnknownTreesError:
            return None

    @cached_property
    def outputs(self) -> int:
        """Number of margins per row."""
        if self._forest is not None:
            return self._forest.outputs
        return 1 if self._booster is None else int(self._booster.num_model_per_iteration())

    def load(self, *, explained: bool = True) -> Trees:
        """Build the trees, and compile what walks them, now rather than at the first score.

        explained: whether anybody will ask for contributions.
        """
        assert self.outputs > 0
        if self.text != CONSTANT_MODEL:
            blank = np.zeros((1, self._width()))
            self.margins(blank)
            if explained:
                self.contributions(blank)
        return self

    def _width(self) -> int:
        if self._forest is not None:
            return self._forest.features
        assert self._booster is not None
        return int(self._booster.num_feature())

    def margins(self, matrix: Floats, threads: int = 1) -> Floats:
        """(n, M) margins of an (n, F) matrix."""
        if self.text == CONSTANT_MODEL or len(matrix) == 0:
            return np.zeros((len(matrix), self.outputs))
        if self._forest is not None and len(matrix) <= SMALL_BATCH_ROWS:
            return self._forest.margins(matrix)
        assert self._booster is not None
        raw = self._booster.predict(
            matrix, raw_score=True, num_threads=threads, validate_features=False
        )
        return np.asarray(raw, dtype=np.float64).reshape(len(matrix), self.outputs)

    def contributions(self, matrix: Floats, threads: int = 1) -> Floats:
        """(n, M, F + 1) TreeSHAP parts of the margins; the last is the base."""
        rows, width = matrix.shape
        if self.text == CONSTANT_MODEL or rows == 0:
            return np.zeros((rows, self.outputs, width + 1))
        if self._shap is not None:
            return self._shap.contributions(matrix, threads)
        assert self._booster is not None
        parts = self._booster.predict(
            matrix, pred_contrib=True, num_threads=threads, validate_features=False
        )
        return np.asarray(parts, dtype=np.float64).reshape(rows, self.outputs, width + 1)

    def gains(self, width: int) -> Floats:
        """(F,) total gain of the splits on each feature."""
        if self._booster is None:
            return np.zeros(width)
        return np.asarray(self._booster.feature_importance("gain"), dtype=np.float64)


def strip_parameters(text: str) -> str:
    """Remove the training parameters from a model text.

    They do not change a score, but they hold machine matters such as the number of
    threads, and the digest must be the same wherever the same data is trained on.
    """
    head, found, tail = text.partition("\nparameters:\n")
    if not found:
        return text
    return head + tail.partition("end of parameters\n")[2]
