"""Learn the classes and the quantiles of the target: rounds, trees, calibration margins.

Each in the same steps: rounds on later rows, trees, numbers from the calibration fold that
these trees have not seen, and the final trees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.calibration.selection import (
    CalibrationRows,
    SelectedCalibration,
    select_binary_calibration,
    select_class_calibration,
)
from models.estimator.boosting import (
    BoostingRows,
    LossCurves,
    Parameters,
    RoundSearch,
    TreeGrowth,
    find_best_rounds,
    grow_trees,
    lightgbm_parameters,
)
from models.estimator.trees import CONSTANT_MODEL, Trees
from models.fitting.preparation import FitError, PreparedTraining, RefitScope
from models.folds import StoppingWindow

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class GrownTrees:
    """Trees of one target, with the margins that calibration needs.

    Attributes:
        trees: the final trees.
        calibrated: (m, M) margins of the calibration fold, by trees that have not seen it.
    """

    trees: Trees
    calibration_margins: Floats
    rounds: int
    curves: LossCurves


@dataclass(frozen=True)
class LearnedClasses:
    """Trees of the classes, and the calibration from their margins to probabilities."""

    grown: GrownTrees
    chosen: SelectedCalibration


@dataclass(frozen=True)
class LearnedQuantiles:
    """Grown trees of each quantile level.

    past: positions of the calibration fold with a known target.
    """

    levels: tuple[float, ...] = ()
    grown: tuple[GrownTrees, ...] = ()
    past: Ints | None = None

    def raw(self) -> Floats:
        """(m, Q) of the calibration rows in `past`, rising."""
        return np.sort(np.stack([g.calibration_margins[:, 0] for g in self.grown], axis=1), axis=1)


@dataclass(frozen=True)
class LearningTarget:
    """Target of the trees.

    Attributes:
        what: name of the target in progress messages and curves.
        objective: LightGBM's parameters of the objective.
        answer: (n,) value to predict.
        known: (n,) flags of rows whose value is known.
        past: positions of the rows to calibrate on.
    """

    what: str
    objective: Mapping[str, Any]
    answer: Floats
    known: Flags
    past: Ints

    @property
    def of_quantile(self) -> bool:
        """Return whether the target is a number of which a quantile is learnt."""
        return bool(self.objective["objective"] == "quantile")

    def has_single_class(self, taught: Ints) -> bool:
        """Return whether a target of classes has one class only in these rows."""
        return not self.of_quantile and len(np.unique(self.answer[taught])) < 2


def learn_classes(ready: PreparedTraining) -> LearnedClasses:
    """Grow trees for the classes in the training rows, and calibrate them."""
    label, task = ready.training.label, ready.task
    counts = _class_counts(ready)
    present = np.flatnonzero(counts)
    answer = np.searchsorted(present, label).astype(np.float64)
    known = np.isin(label, present)
    past = ready.folds.calibration
    grown = _learn_trees(
        ready, LearningTarget("classes", _class_objective(ready, present), answer, known, past)
    )
    rows = CalibrationRows(
        grown.calibration_margins, label[past], ready.training.group[past], ready.mass(past)
    )
    shares, learnt, among = counts / counts.sum(), grown.rounds > 0, ready.options.calibrations
    if task.binary:
        return LearnedClasses(
            grown, select_binary_calibration(rows, shares, learnt=learnt, among=among)
        )
    chosen = select_class_calibration(rows, shares, present.tolist(), learnt=learnt, among=among)
    return LearnedClasses(grown, chosen)


def _class_counts(ready: PreparedTraining) -> Floats:
    """Return the (K,) weight of the training rows of each class."""
    label, weight = ready.training.label[ready.taught], ready.weight
    weights = None if weight is None else weight[ready.taught]
    return np.bincount(label, weights, minlength=len(ready.task.classes)).astype(np.float64)


def learn_quantiles(ready: PreparedTraining) -> LearnedQuantiles:
    """Grow trees for each quantile of the target, if the task has any.

    Raises:
        FitError: when no ask of the fit fold has a finite target.
    """
    target, levels = ready.training.target, ready.task.quantiles
    if target is None or not levels:
        return LearnedQuantiles()
    known = np.isfinite(target)
    if not known[ready.folds.fit].any():
        raise FitError(f"{ready.task.name}: no ask of the fit fold has a finite target")
    past = ready.folds.calibration[known[ready.folds.calibration]]
    grown = tuple(
        _learn_trees(
            ready,
            LearningTarget(f"quantile {level:g}", _quantile_objective(level), target, known, past),
        )
        for level in levels
    )
    return LearnedQuantiles(levels, grown, past)


def _quantile_objective(level: float) -> Parameters:
    return {"objective": "quantile", "metric": "quantile", "alpha": level}


def _class_objective(ready: PreparedTraining, present: Ints) -> Mapping[str, Any]:
    if ready.task.binary:
        return {"objective": "binary", "metric": "binary_logloss", **_monotone_constraints(ready)}
    return {
        "objective": "multiclass",
        "metric": "multi_logloss",
        "num_class": max(len(present), 2),
    }


def _monotone_constraints(ready: PreparedTraining) -> dict[str, Any]:
    """LightGBM's constraint for features that may only raise or only lower the margin."""
    rising, falling = ready.task.rising, ready.task.falling
    if not (rising or falling):
        return {}
    signs = [(name in rising) - (name in falling) for name in ready.encoder.names]
    return {"monotone_constraints": signs}


def _learn_trees(ready: PreparedTraining, lesson: LearningTarget) -> GrownTrees:
    """Grow the final trees, and those that are calibrated, on the rows with a known target."""
    taught = ready.taught[lesson.known[ready.taught]]
    margins_of = ready.matrix[lesson.past]
    if lesson.has_single_class(taught):
        return GrownTrees(Trees(CONSTANT_MODEL), np.zeros((len(margins_of), 1)), 0, {})
    task, threads = ready.task, ready.options.threads
    chosen = {**task.lightgbm, **(task.lightgbm_quantiles if lesson.of_quantile else {})}
    settings = lightgbm_parameters(
        chosen, lesson.objective, len(taught), seed=task.seed, threads=threads
    )
    growing = TreeGrowth(
        settings, ready.encoder.categorical, _progress_callback(ready, lesson.what)
    )
    rows = BoostingRows(ready.matrix, lesson.answer, ready.weight)
    sought = _search_rounds(ready, lesson, rows, growing)
    trees = grow_trees(growing, rows.take(np.sort(taught)), sought.rounds)
    calibrated = trees.margins(margins_of, threads)
    if ready.options.refit is RefitScope.ALL:
        everything = ready.final_rows[lesson.known[ready.final_rows]]
        trees = grow_trees(growing, rows.take(everything), sought.rounds)
    return GrownTrees(trees, calibrated, sought.rounds, sought.curves)


def _search_rounds(
    ready: PreparedTraining, lesson: LearningTarget, rows: BoostingRows, growing: TreeGrowth
) -> RoundSearch:
    if ready.options.rounds is not None:
        return RoundSearch(ready.options.rounds)
    places = np.sort(np.concatenate([ready.folds.fit, ready.folds.stop]))
    places = places[lesson.known[places]]
    windows = tuple(_known_rows_of_window(places, window, lesson.known) for window in ready.windows)
    return find_best_rounds(growing, rows.take(places), windows)


def _progress_callback(ready: PreparedTraining, what: str) -> Callable[[float], None]:
    return lambda done: ready.progress(f"{ready.task.name}: {what}", done)


def _known_rows_of_window(places: Ints, window: StoppingWindow, known: Flags) -> StoppingWindow:
    """The window's known rows, as positions among these places."""
    before, within = window.before[known[window.before]], window.within[known[window.within]]
    return StoppingWindow(np.searchsorted(places, before), np.searchsorted(places, within))
