"""Fit a task: folds, trees, calibration, conformal sets, and the model with its digest.

Rows are put into a canonical order first, so neither the order they came in nor the number
of threads changes the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.artefact.folder import with_digest
from models.artefact.golden_rows import make_golden_rows
from models.conformal.fitting import (
    JudgedRows,
    fit_conformal,
    fit_quantile_shifts,
    tail_shares,
)
from models.conformal.prediction_sets import Conformal
from models.estimator.boosting import LossCurves
from models.fitting.learners import LearnedClasses, LearnedQuantiles, learn_classes, learn_quantiles
from models.fitting.model_card import write_model_card
from models.fitting.preparation import FitOptions, PreparedTraining, Progress, prepare_training
from models.folds import Folds
from models.model import Model
from models.reference.by_site import AskedRows, site_distributions
from models.reference.distributions import reference_distributions
from models.rule_precision import RulePrecisions, measure_rules
from models.task import Task
from models.training_set import TrainingSet

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class FitResult:
    """Result of a fit.

    Attributes:
        model: model sealed with its digest.
        folds: positions in the training set in its original order.
        curves: mean loss after each round, by `<trees>_<rows>`: `classes_training`,
            `classes_stop`, `quantile_0.1_stop`, ...
        metrics: numbers about the fit: rounds, rows of each fold, held-out log-loss of each
            calibration that was tried (`shares` among them).
        gains: total gain of each feature.
    """

    model: Model
    folds: Folds
    curves: LossCurves
    metrics: Mapping[str, float]
    gains: Mapping[str, float]


def ignore_progress(what: str, done: float) -> None:
    """Ignore progress; the default callback."""


def fit(
    task: Task,
    training: TrainingSet,
    options: FitOptions = FitOptions(),  # noqa: B008 (frozen)
    progress: Progress = ignore_progress,
) -> FitResult:
    """Fit a model of the task and seal it with its digest.

    Raises:
        FitError: for a training set that no model can be made of.
        InputError: for inputs that are not the task's features.
    """
    ready = prepare_training(task, training, options, progress)
    classes = learn_classes(ready)
    quantiles = learn_quantiles(ready)
    model = _assemble_model(ready, classes, quantiles)
    gains = model.trees.gains(len(ready.encoder.names)).tolist()
    return FitResult(
        model=model,
        folds=_folds_in_given_order(ready),
        curves=_loss_curves(classes, quantiles),
        metrics=_fit_metrics(ready, classes),
        gains=dict(zip(ready.encoder.names, gains, strict=True)),
    )


def _assemble_model(
    ready: PreparedTraining, classes: LearnedClasses, quantiles: LearnedQuantiles
) -> Model:
    inputs, conformal = ready.training.inputs, _fit_conformal(ready, classes, quantiles)
    trees = classes.grown.trees
    unscored = Model(
        task_name=ready.task.name,
        classes=ready.task.classes,
        encoder=ready.encoder.with_gains(trees.gains(len(ready.encoder.names))),
        trees=trees,
        calibration=classes.chosen.calibration,
        conformal=conformal,
        quantile_levels=quantiles.levels,
        quantile_trees=tuple(grown.trees for grown in quantiles.grown),
        reference={},
        golden={},
        card=write_model_card(ready.task, ready.training, ready.folds, classes.chosen, conformal),
        rules=_rule_precisions(ready),
    )
    past = ready.folds.calibration
    newest, rows = past if len(past) else ready.taught, ready.final_rows
    later, taught = inputs.iloc[newest], inputs.iloc[rows]
    answers = unscored.predict(later, ready.options.threads)
    asked = AskedRows(ready.training.site, ready.training.asked_at)
    by_site = site_distributions(
        ready.encoder, taught, asked.take(rows), answers.score, asked.take(newest)
    )
    drawn = reference_distributions(ready.encoder, taught, answers) | {"places": by_site}
    return with_digest(replace(unscored, reference=drawn, golden=make_golden_rows(unscored, later)))


def _rule_precisions(ready: PreparedTraining) -> RulePrecisions:
    """Measure the service's rules on all asks that are learnt from; empty without findings."""
    training = ready.training
    if training.findings is None:
        return {}
    ended = [ready.task.classes[number] for number in training.label.tolist()]
    found, sites = training.findings.tolist(), training.site.tolist()
    return measure_rules(found, ended, training.label != 0, sites)


def _fit_conformal(
    ready: PreparedTraining, classes: LearnedClasses, quantiles: LearnedQuantiles
) -> Conformal:
    past, options = ready.folds.calibration, ready.options
    probability = classes.chosen.calibration.probabilities(classes.grown.calibration_margins)
    judged = JudgedRows(probability, ready.training.label[past], ready.mass(past))
    conformal = fit_conformal(judged, options.coverage, options.sets)
    if quantiles.past is None or ready.training.target is None:
        return conformal
    if not options.shifted:
        return replace(conformal, shifts=(0.0,) * len(quantiles.levels))
    raw, target = quantiles.raw(), ready.training.target[quantiles.past]
    shifts = fit_quantile_shifts(raw, target, quantiles.levels, ready.mass(quantiles.past))
    return replace(conformal, shifts=shifts, shift_errors=tail_shares(quantiles.levels))


def _folds_in_given_order(ready: PreparedTraining) -> Folds:
    """Return the folds as positions in the training set in its original order."""
    folds, order = ready.folds, ready.order
    return replace(
        folds,
        fit=np.sort(order[folds.fit]),
        stop=np.sort(order[folds.stop]),
        calibration=np.sort(order[folds.calibration]),
        dropped=np.sort(order[folds.dropped]),
    )


def _loss_curves(classes: LearnedClasses, quantiles: LearnedQuantiles) -> LossCurves:
    named = {"classes": classes.grown}
    named |= {f"quantile_{q:g}": g for q, g in zip(quantiles.levels, quantiles.grown, strict=True)}
    return {
        f"{name}_{rows}": losses for name, g in named.items() for rows, losses in g.curves.items()
    }


def _fit_metrics(ready: PreparedTraining, classes: LearnedClasses) -> dict[str, float]:
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
