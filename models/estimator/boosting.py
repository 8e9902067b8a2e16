"""Train LightGBM: find the number of rounds on later rows, then grow the final trees.

Same rows in the same order, same seed: the same trees, to the byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from models.estimator.trees import Trees, strip_parameters
from models.folds import StoppingWindow

Floats = NDArray[np.float64]
LossCurves = Mapping[str, tuple[float, ...]]
Parameters = Mapping[str, float | int | str | bool]

ROUNDS, PATIENCE = "num_iterations", "early_stopping_round"
FEWEST_STOPPING_ROWS = 20  # rows; with fewer a later fold says nothing about when to stop
DEFAULT_ROUNDS = 100


@dataclass(frozen=True)
class BoostingRows:
    """Rows that trees learn from.

    Attributes:
        matrix: (n, F).
        answer: (n,).
        weight: (n,), or None for 1 throughout.
    """

    matrix: Floats
    answer: Floats
    weight: Floats | None = None

    def __len__(self) -> int:
        return len(self.answer)

    def take(self, places: NDArray[np.int64]) -> BoostingRows:
        """Return the rows at these positions, in that order."""
        weight = None if self.weight is None else self.weight[places]
        return BoostingRows(self.matrix[places], self.answer[places], weight)


@dataclass(frozen=True)
class RoundSearch:
    """Result of the search for the number of rounds.

    Attributes:
        rounds: number of rounds after which the loss on later rows was least.
        curves: mean loss after each round on the rows learnt from and on the later ones, as
            `training` and `stop`; empty where there were too few later rows to tell.
    """

    rounds: int
    curves: LossCurves = field(default_factory=dict)


def lightgbm_parameters(
    chosen: Parameters, objective: Mapping[str, Any], rows: int, *, seed: int, threads: int
) -> dict[str, Any]:
    """LightGBM's parameters: ours, then the task's, then what must not be changed."""
    ours: dict[str, Any] = {
        "learning_rate": 0.06,
        "num_leaves": 31,
        "min_data_in_leaf": int(np.clip(rows // 50, 3, 30)),
        "feature_fraction": 0.8,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 1.0,
        "cat_smooth": 20.0,
        "cat_l2": 20.0,
        "min_data_per_group": int(np.clip(rows // 50, 3, 100)),
        ROUNDS: 600,
        PATIENCE: 40,
    }
    fixed = {
        "seed": seed,
        "num_threads": threads,
        "deterministic": True,
        "force_row_wise": True,
        "feature_pre_filter": False,
        "verbosity": -1,
    }
    return {**ours, **chosen, **objective, **fixed}


@dataclass(frozen=True)
class TreeGrowth:
    """Settings that trees are grown with.

    Attributes:
        chosen: LightGBM's parameters.
        categorical: positions of the categorical features.
        tell: called with the share of the rounds that is done.
    """

    chosen: Mapping[str, Any]
    categorical: list[int]
    tell: Callable[[float], None]

    @property
    def settings(self) -> dict[str, Any]:
        """Parameters without those that LightGBM takes as arguments."""
        return {k: value for k, value in self.chosen.items() if k not in (ROUNDS, PATIENCE)}

    def dataset(self, rows: BoostingRows) -> lgb.Dataset:
        """Convert the rows to a LightGBM dataset."""
        return lgb.Dataset(
            rows.matrix,
            rows.answer,
            weight=rows.weight,
            categorical_feature=self.categorical,
            params=self.settings,
            free_raw_data=False,
        )

    def report_progress(self, state: Any) -> None:
        """Pass the share of the rounds done to `tell`, every ten rounds, as a LightGBM callback."""
        if state.iteration % 10 == 0:
            self.tell(state.iteration / max(state.end_iteration, 1))


def find_best_rounds(
    growing: TreeGrowth, rows: BoostingRows, windows: Sequence[StoppingWindow]
) -> RoundSearch:
    """Find the number of rounds with the least loss on the windows, learning from rows before."""
    most, patience = int(growing.chosen[ROUNDS]), int(growing.chosen[PATIENCE])
    telling = [
        w
        for w in windows
        if len(w.within) >= FEWEST_STOPPING_ROWS and _answers_differ(rows, w.before)
    ]
    if not telling:
        return RoundSearch(min(most, DEFAULT_ROUNDS))
    found = lgb.cv(
        growing.settings,
        growing.dataset(rows),
        most,
        folds=[(w.before, w.within) for w in telling],
        eval_train_metric=True,
        callbacks=[lgb.early_stopping(patience, verbose=False), growing.report_progress],
    )
    stop, learnt = _mean_curve(found, "valid"), _mean_curve(found, "train")
    return RoundSearch(len(stop), {"training": learnt, "stop": stop})


def _mean_curve(found: Mapping[str, Any], rows: str) -> tuple[float, ...]:
    name = next(n for n in found if n.startswith(rows) and n.endswith("-mean"))
    return tuple(float(loss) for loss in found[name])


def grow_trees(growing: TreeGrowth, rows: BoostingRows, rounds: int) -> Trees:
    """Grow trees on all these rows for a number of rounds."""
    booster = lgb.train(
        growing.settings, growing.dataset(rows), rounds, callbacks=[growing.report_progress]
    )
    return Trees(strip_parameters(booster.model_to_string()))


def _answers_differ(rows: BoostingRows, places: NDArray[np.int64]) -> bool:
    return len(places) > 0 and bool((rows.answer[places] != rows.answer[places[0]]).any())
