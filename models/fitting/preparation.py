"""Prepare a training set for fitting: checked, in canonical order, in folds, encoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.calibration.calibrators import CalibrationMethod
from models.conformal.prediction_sets import CoverageScope
from models.encoding.encoder import Encoder, learn_encoder
from models.folds import Folds, FoldShares, StoppingWindow, split_folds, stopping_windows
from models.task import Task
from models.training_set import TrainingSet

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

Progress = Callable[[str, float], None]
"""Called with what is being done, and the share of it that is done (0 to 1)."""

FEWEST_ROWS = 20
LEAST_WEIGHT = 1e-6  # an ask that counts for nothing would be an error, not an old ask


class FitError(ValueError):
    """No model can be fitted on the training set; says what, got, and what is needed."""


class RefitScope(StrEnum):
    """Rows the final trees learn from, once the number of rounds is known."""

    FIT = "fit"
    FIT_AND_STOP = "fit and stop"
    ALL = "all"
    """Also those the calibration was fitted on, with trees that had not seen them."""


@dataclass(frozen=True)
class FitOptions:
    """Options of a fit.

    Attributes:
        coverage: stated rate of class sets.
        threads: number of training threads; no property of the model. More than one only on
            cores that stand idle: a busy core makes all the others wait, dozens of times over.
        min_category_rows: rows a category needs for a code of its own; None goes by the size.
        rounds: rounds of boosting, where the source is known to drift so much that later rows
            are a poor judge of when to stop; None searches for them.
        calibrations: methods to choose from, for the same reason; empty means all that apply.
        shifted: whether quantiles are moved to hold their level on the calibration fold.
        sets: whether class sets hold their rate over all asks or also for each class.
        half_life_days: days after which an ask counts for half as much; None ignores age.
    """

    shares: FoldShares = field(default_factory=FoldShares)
    embargo: bool = True
    refit: RefitScope = RefitScope.FIT_AND_STOP
    coverage: float = 0.9
    min_category_rows: int | None = None
    threads: int = 1
    rounds: int | None = None
    calibrations: tuple[CalibrationMethod, ...] = ()
    shifted: bool = True
    sets: CoverageScope = CoverageScope.MARGINAL
    half_life_days: float | None = None


@dataclass(frozen=True)
class PreparedTraining:
    """Training set in canonical order, encoded and split into folds.

    Attributes:
        matrix: (n, F) encoded inputs.
        order: positions of the rows in the original training set.
    """

    task: Task
    training: TrainingSet
    order: Ints
    folds: Folds
    windows: tuple[StoppingWindow, ...]
    encoder: Encoder
    matrix: Floats
    options: FitOptions
    progress: Progress = field(repr=False)

    @property
    def weight(self) -> Floats | None:
        """(n,) weight of each row; None where all count the same."""
        weight = self.training.weight
        return None if weight is None or (weight == 1.0).all() else weight

    def mass(self, places: Ints) -> Floats | None:
        """Return (m,) weights of the rows at these positions, 1 on average; None if all equal."""
        if self.weight is None or len(places) == 0:
            return None
        weight = self.weight[places]
        return np.asarray(weight / weight.mean())

    @property
    def taught(self) -> Ints:
        """Positions that the trees which are calibrated learn from."""
        return _learning_rows(self.folds, self.options.refit)

    @property
    def final_rows(self) -> Ints:
        """Positions that the final trees learn from."""
        if self.options.refit is RefitScope.ALL:
            return np.arange(len(self.training))
        return self.taught


def prepare_training(
    task: Task, unordered: TrainingSet, options: FitOptions, progress: Progress
) -> PreparedTraining:
    """Put the training set into canonical order and encode it, so that row order cannot matter.

    Raises:
        FitError: for fewer than `FEWEST_ROWS` rows, labels that are not the task's, or a
            task with quantiles and no target.
        InputError: for inputs that are not the task's features.
    """
    _check(task, unordered)
    order = canonical_order(unordered)
    training = weigh_by_age(unordered.take(order), options.half_life_days)
    folds = split_folds(training, options.shares, seed=task.seed, embargo=options.embargo)
    fewest = options.min_category_rows or int(np.clip(len(training) // 500, 2, 20))
    taught = training.inputs.iloc[_learning_rows(folds, options.refit)]
    encoder = learn_encoder(task.features, taught, min_count=fewest)
    return PreparedTraining(
        task=task,
        training=training,
        order=order,
        folds=folds,
        windows=stopping_windows(
            training,
            folds,
            classes=len(task.classes),
            seed=task.seed,
            embargo=options.embargo,
        ),
        encoder=encoder,
        matrix=encoder.encode(training.inputs).matrix,
        options=options,
        progress=progress,
    )


def weigh_by_age(training: TrainingSet, half_life_days: float | None) -> TrainingSet:
    """Halve the weight of an ask for every half-life of its age; the newest weighs in full.

    Raises:
        FitError: for asks without dates, which have no age.
    """
    if half_life_days is None:
        return training
    if np.isnat(training.asked_at).any():
        raise FitError("half_life_days takes dates, and these asks have none; leave it out")
    age = (training.asked_at.max() - training.asked_at) / np.timedelta64(1, "D")
    weight = np.ones(len(training)) if training.weight is None else training.weight
    return replace(
        training, weight=weight * np.maximum(0.5 ** (age / half_life_days), LEAST_WEIGHT)
    )


def canonical_order(training: TrainingSet) -> Ints:
    """Return positions in an order that depends only on the content of the rows."""
    tidy = training.inputs.reset_index(drop=True)
    content = pd.util.hash_pandas_object(tidy, index=False).to_numpy()
    target = np.zeros(len(training)) if training.target is None else training.target
    asked_at = training.asked_at.astype(np.int64)
    keys = [target, training.label, training.group.astype(str), content, asked_at]
    if training.weight is not None:
        keys.insert(0, training.weight)
    return np.lexsort(keys)  # the last key counts first


def _learning_rows(folds: Folds, refit: RefitScope) -> Ints:
    return folds.fit if refit is RefitScope.FIT else np.concatenate([folds.fit, folds.stop])


def _check(task: Task, training: TrainingSet) -> None:
    if len(training) < FEWEST_ROWS:
        raise FitError(
            f"{task.name}: {len(training)} asks with a matured label; "
            f"at least {FEWEST_ROWS} are needed"
        )
    strange = sorted(set(np.unique(training.label).tolist()) - set(range(len(task.classes))))
    if strange:
        choices = ", ".join(f"{k} ({name})" for k, name in enumerate(task.classes))
        raise FitError(f"{task.name}: label {strange[0]} is not one of {choices}")
    if task.quantiles and training.target is None:
        raise FitError(
            f"{task.name}: quantiles {task.quantiles} are asked of a target, "
            "but the training set has none; give a target, or a task without quantiles"
        )
    weight = training.weight
    if weight is not None and not (np.isfinite(weight) & (weight > 0)).all():
        raise FitError(f"{task.name}: every weight must be a finite number above 0")
