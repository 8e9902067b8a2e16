"""Model card text of a fit: purpose, data, folds, calibration and coverage."""

from __future__ import annotations

import numpy as np

from models.calibration.selection import SelectedCalibration
from models.conformal.prediction_sets import ClassThreshold, Conformal, CoverageScope
from models.folds import Folds
from models.task import Task
from models.training_set import TrainingSet


def write_model_card(
    task: Task,
    training: TrainingSet,
    folds: Folds,
    chosen: SelectedCalibration,
    conformal: Conformal,
) -> str:
    """Markdown. Says nothing of when or where it was fitted, only of the data."""
    counts = np.bincount(training.label, minlength=len(task.classes))
    lines = [
        f"# {task.name}",
        "",
        task.question,
        "",
        "Recommendation only: a person decides, and may disagree with a reason.",
        "",
        f"- Asks: {len(training)}{_date_range(training)}.",
        f"- Folds: {_fold_sizes(folds)}.",
        f"- Calibration: {chosen.calibration.method}{_calibration_losses(chosen)}.",
        f"- Class sets: {_set_coverage_lines(conformal)}.",
        *(f"- {note}." for note in folds.notes),
        "",
        "| class | asks | share | held by sets made by class |",
        "| --- | --- | --- | --- |",
        *(
            f"| {name} | {count} | {count / len(training):.2%} | {_class_promise(own)} |"
            for name, count, own in zip(
                task.classes, counts.tolist(), conformal.of_class, strict=True
            )
        ),
        "",
        f"Features ({len(task.features)}): {', '.join(f.name for f in task.features)}.",
    ]
    return "\n".join(lines) + "\n"


def _set_coverage_lines(conformal: Conformal) -> str:
    whom = (
        "of each class's asks"
        if conformal.sets is CoverageScope.MONDRIAN
        else "of all asks together"
    )
    return f"hold the truth for {conformal.coverage:.0%} {whom}, from {conformal.rows} past asks"


def _class_promise(own: ClassThreshold) -> str:
    if own.promise is None:
        return f"too few past asks to say ({own.rows})"
    return f"{own.promise:.0%} ({own.rows} past asks)"


def _fold_sizes(folds: Folds) -> str:
    return (
        f"{len(folds.fit)} to fit, {len(folds.stop)} to stop, "
        f"{len(folds.calibration)} to calibrate, {len(folds.dropped)} between them unused"
    )


def _date_range(training: TrainingSet) -> str:
    dated = training.asked_at[~np.isnat(training.asked_at)]
    if len(dated) == 0:
        return ", undated"
    days = dated.astype("datetime64[D]")
    return f", asked from {days.min()} to {days.max()}"


def _calibration_losses(chosen: SelectedCalibration) -> str:
    if not chosen.losses:
        return ""
    losses = ", ".join(f"{name} {loss:.4f}" for name, loss in chosen.losses.items())
    return f" (held-out log-loss: {losses})"
