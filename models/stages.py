"""The two things that are learnt: the classes, and the quantiles of the target.

Each in the same steps: rounds on later rows, trees, numbers from the calibration fold that
these trees have not seen, and the final trees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.boost import Curves, Growing, Parameters, Rows, Sought, grow, parameters, seek_rounds
from models.calibrate import Chosen, Past, choose_binary, choose_classes
from models.folds import Window
from models.ready import FitError, Ready, Refit
from models.trees import CONSTANT, Trees

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Grown:
    """calibrated: margins of the calibration fold, by trees that have not seen it, (m, M).

    trees: the final ones.
    """

    trees: Trees
    calibrated: Floats
    rounds: int
    curves: Curves


@dataclass(frozen=True)
class Classes:
    """Trees of the classes, and what makes probabilities of their margins."""

    grown: Grown
    chosen: Chosen


@dataclass(frozen=True)
class Quantiles:
    """One Grown a level; past: positions of the calibration fold with a known target."""

    levels: tuple[float, ...] = ()
    grown: tuple[Grown, ...] = ()
    past: Ints | None = None

    def raw(self) -> Floats:
        """(m, Q) of the calibration rows in `past`, rising."""
        return np.sort(np.stack([g.calibrated[:, 0] for g in self.grown], axis=1), axis=1)


@dataclass(frozen=True)
class Lesson:
    """What trees are to learn: answer (n,), where it is known (n,), and the rows to calibrate."""

    what: str
    objective: Mapping[str, Any]
    answer: Floats
    known: Flags
    past: Ints

    @property
    def of_quantile(self) -> bool:
        """Whether the answer is a number of which a quantile is learnt."""
        return bool(self.objective["objective"] == "quantile")

    def pointless(self, taught: Ints) -> bool:
        """Whether there is one class only; one target only is still a target."""
        return not self.of_quantile and len(np.unique(self.answer[taught])) < 2


def learn_classes(ready: Ready) -> Classes:
    """Trees of the classes that the taught rows hold, and their calibration."""
    label, task = ready.training.label, ready.task
    counts = _counts(ready)
    present = np.flatnonzero(counts)
    answer = np.searchsorted(present, label).astype(np.float64)
    known = np.isin(label, present)
    past = ready.folds.calibration
    grown = _grown(ready, Lesson("classes", _objective(ready, present), answer, known, past))
    rows = Past(grown.calibrated, label[past], ready.training.group[past], ready.mass(past))
    shares, learnt, among = counts / counts.sum(), grown.rounds > 0, ready.options.calibrations
    if task.binary:
        return Classes(grown, choose_binary(rows, shares, learnt=learnt, among=among))
    chosen = choose_classes(rows, shares, present.tolist(), learnt=learnt, among=among)
    return Classes(grown, chosen)


def _counts(ready: Ready) -> Floats:
    """(K,) taught rows of each class, by weight."""
    label, weight = ready.training.label[ready.taught], ready.weight
    weights = None if weight is None else weight[ready.taught]
    return np.bincount(label, weights, minlength=len(ready.task.classes)).astype(np.float64)


def learn_quantiles(ready: Ready) -> Quantiles:
    """Trees of each quantile of the target; none where the task has none.

    Raises:
        FitError: when no ask of the fit fold has a finite target.
    """
    target, levels = ready.training.target, ready.task.quantiles
    if target is None or not levels:
        return Quantiles()
    known = np.isfinite(target)
    if not known[ready.folds.fit].any():
        raise FitError(f"{ready.task.name}: no ask of the fit fold has a finite target")
    past = ready.folds.calibration[known[ready.folds.calibration]]
    grown = tuple(
        _grown(ready, Lesson(f"quantile {level:g}", _quantile(level), target, known, past))
        for level in levels
    )
    return Quantiles(levels, grown, past)


def _quantile(level: float) -> Parameters:
    return {"objective": "quantile", "metric": "quantile", "alpha": level}


def _objective(ready: Ready, present: Ints) -> Mapping[str, Any]:
    if ready.task.binary:
        return {"objective": "binary", "metric": "binary_logloss", **_signs(ready)}
    return {
        "objective": "multiclass",
        "metric": "multi_logloss",
        "num_class": max(len(present), 2),
    }


def _signs(ready: Ready) -> dict[str, Any]:
    """LightGBM's constraint for features that may only raise or only lower the margin."""
    rising, falling = ready.task.rising, ready.task.falling
    if not (rising or falling):
        return {}
    signs = [(name in rising) - (name in falling) for name in ready.encoder.names]
    return {"monotone_constraints": signs}


def _grown(ready: Ready, lesson: Lesson) -> Grown:
    """Trees of the rows that are known, final and as calibrated."""
    taught = ready.taught[lesson.known[ready.taught]]
    margins_of = ready.matrix[lesson.past]
    if lesson.pointless(taught):
        return Grown(Trees(CONSTANT), np.zeros((len(margins_of), 1)), 0, {})
    task, threads = ready.task, ready.options.threads
    chosen = {**task.lightgbm, **(task.lightgbm_quantiles if lesson.of_quantile else {})}
    settings = parameters(chosen, lesson.objective, len(taught), seed=task.seed, threads=threads)
    growing = Growing(settings, ready.encoder.categorical, _teller(ready, lesson.what))
    rows = Rows(ready.matrix, lesson.answer, ready.weight)
    sought = _sought(ready, lesson, rows, growing)
    trees = grow(growing, rows.take(np.sort(taught)), sought.rounds)
    calibrated = trees.margins(margins_of, threads)
    if ready.options.refit is Refit.ALL:
        everything = ready.everything[lesson.known[ready.everything]]
        trees = grow(growing, rows.take(everything), sought.rounds)
    return Grown(trees, calibrated, sought.rounds, sought.curves)


def _sought(ready: Ready, lesson: Lesson, rows: Rows, growing: Growing) -> Sought:
    if ready.options.rounds is not None:
        return Sought(ready.options.rounds)
    places = np.sort(np.concatenate([ready.folds.fit, ready.folds.stop]))
    places = places[lesson.known[places]]
    windows = tuple(_within(places, window, lesson.known) for window in ready.windows)
    return seek_rounds(growing, rows.take(places), windows)


def _teller(ready: Ready, what: str) -> Callable[[float], None]:
    return lambda done: ready.progress(f"{ready.task.name}: {what}", done)


def _within(places: Ints, window: Window, known: Flags) -> Window:
    """The window's known rows, as positions among these places."""
    before, within = window.before[known[window.before]], window.within[known[window.within]]
    return Window(np.searchsorted(places, before), np.searchsorted(places, within))
