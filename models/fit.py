"""Fitting a task: folds, trees, calibration, conformal sets, and a sealed model.

Rows are put into a canonical order first, so neither the order they came in nor the number
of threads changes the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.adaptive import Told, adapted_error
from models.artefact import sealed
from models.boost import Curves
from models.card import card
from models.conformal import Conformal, Judged, fit_conformal, quantile_shifts
from models.folds import Folds
from models.golden import golden_rows
from models.model import Model
from models.ready import FitError, FitOptions, Progress, Ready, Refit, make_ready
from models.reference import reference
from models.reference_places import Asked, places
from models.stages import Classes, Quantiles, learn_classes, learn_quantiles
from models.task import Task
from models.training_set import TrainingSet

__all__ = ["FitError", "FitOptions", "Fitted", "Progress", "Refit", "fit", "quiet"]


Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Fitted:
    """model: sealed. folds: positions in the training set that was given.

    curves: mean loss after each round, by `<trees>_<rows>`: `classes_training`,
        `classes_stop`, `quantile_0.1_stop`, ...
    metrics: numbers about the fit: rounds, rows of each fold, held-out log-loss of each
        calibration that was tried (`shares` among them).
    gains: total gain of each feature.
    """

    model: Model
    folds: Folds
    curves: Curves
    metrics: Mapping[str, float]
    gains: Mapping[str, float]


def quiet(what: str, done: float) -> None:
    """A progress callback that says nothing."""


def fit(
    task: Task,
    training: TrainingSet,
    options: FitOptions = FitOptions(),  # noqa: B008 (frozen)
    progress: Progress = quiet,
) -> Fitted:
    """A sealed model of the task.

    Raises:
        FitError: for a training set that no model can be made of.
        InputError: for inputs that are not the task's features.
    """
    ready = make_ready(task, training, options, progress)
    classes = learn_classes(ready)
    quantiles = learn_quantiles(ready)
    model = _sealed(ready, classes, quantiles)
    gains = model.trees.gains(len(ready.encoder.names)).tolist()
    return Fitted(
        model=model,
        folds=_as_given(ready),
        curves=_curves(classes, quantiles),
        metrics=_metrics(ready, classes),
        gains=dict(zip(ready.encoder.names, gains, strict=True)),
    )


def _sealed(ready: Ready, classes: Classes, quantiles: Quantiles) -> Model:
    inputs, conformal = ready.training.inputs, _conformal(ready, classes, quantiles)
    unscored = Model(
        task_name=ready.task.name,
        classes=ready.task.classes,
        encoder=ready.encoder,
        trees=classes.grown.trees,
        calibration=classes.chosen.calibration,
        conformal=conformal,
        quantile_levels=quantiles.levels,
        quantile_trees=tuple(grown.trees for grown in quantiles.grown),
        reference={},
        golden={},
        card=card(ready.task, ready.training, ready.folds, classes.chosen, conformal),
    )
    past = ready.folds.calibration
    newest, rows = past if len(past) else ready.taught, ready.everything
    later, taught = inputs.iloc[newest], inputs.iloc[rows]
    answers = unscored.predict(later, ready.options.threads)
    asked = Asked(ready.training.site, ready.training.asked_at)
    by_site = places(ready.encoder, taught, asked.take(rows), answers.score, asked.take(newest))
    drawn = reference(ready.encoder, taught, answers) | {"places": by_site}
    return sealed(replace(unscored, reference=drawn, golden=golden_rows(unscored, later)))


def _conformal(ready: Ready, classes: Classes, quantiles: Quantiles) -> Conformal:
    past, options = ready.folds.calibration, ready.options
    probability = classes.chosen.calibration.probabilities(classes.grown.calibrated)
    judged = Judged(probability, ready.training.label[past], ready.mass(past))
    error = _aim(ready, past, 1 - judged.given, 1 - options.coverage)
    conformal = fit_conformal(judged, options.coverage, options.sets, error)
    if quantiles.past is None or ready.training.target is None:
        return conformal
    if not options.shifted:
        return replace(conformal, shifts=(0.0,) * len(quantiles.levels))
    raw, target = quantiles.raw(), ready.training.target[quantiles.past]
    errors = tuple(
        _aim(
            ready,
            quantiles.past,
            np.sign(level - 0.5) * (target - raw[:, q]),
            min(level, 1 - level),
        )
        for q, level in enumerate(quantiles.levels)
    )
    mass = ready.mass(quantiles.past)
    shifts = quantile_shifts(raw, target, quantiles.levels, mass, errors)
    return replace(conformal, shifts=shifts, shift_errors=errors)


def _aim(ready: Ready, rows: Ints, score: Floats, error: float) -> float:
    """The share to leave out: what is stated, or adapted to how the rows drifted.

    score: of these rows, how badly each fits; none does better or worse than a median.
    """
    if not ready.options.adaptive or error == 0.5:
        return error
    training = ready.training
    return adapted_error(score, Told(training.asked_at[rows], training.matured_at[rows]), error)


def _as_given(ready: Ready) -> Folds:
    """The folds as positions in the training set before it was put in order."""
    folds, order = ready.folds, ready.order
    return replace(
        folds,
        fit=np.sort(order[folds.fit]),
        stop=np.sort(order[folds.stop]),
        calibration=np.sort(order[folds.calibration]),
        dropped=np.sort(order[folds.dropped]),
    )


def _curves(classes: Classes, quantiles: Quantiles) -> Curves:
    named = {"classes": classes.grown}
    named |= {f"quantile_{q:g}": g for q, g in zip(quantiles.levels, quantiles.grown, strict=True)}
    return {
        f"{name}_{rows}": losses for name, g in named.items() for rows, losses in g.curves.items()
    }


def _metrics(ready: Ready, classes: Classes) -> dict[str, float]:
    folds = ready.folds
    metrics = {
        "rounds": classes.grown.rounds,
        "rows_fit": len(folds.fit),
        "rows_stop": len(folds.stop),
        "rows_calibration": len(folds.calibration),
        "rows_dropped": len(folds.dropped),
    }
    losses = classes.chosen.losses
    return {name: float(value) for name, value in metrics.items()} | {
        f"calibration_logloss_{name}": loss for name, loss in losses.items()
    }
