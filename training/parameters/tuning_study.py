"""Optuna study over the tuning folds; resumable with the same result.

Every trial draws with a seed that follows from how many were finished before it, so a search
that was stopped and taken up again goes on as if nothing had happened.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from models.fitting.fit import fit
from models.task import Task
from models.training_set import TrainingSet
from training.dataset.manifest import training_set_digest
from training.parameters.schema import Parameters
from training.parameters.search_space import SearchSpace
from training.parameters.tuning_folds import TuningFold, tuning_folds

SPREAD_WEIGHT = 0.1
"""Weight of the spread between folds: of two equal means the steadier one is taken."""
FIRST_AT_RANDOM = 8
FEWEST_TO_PRUNE = 5
SMALLEST = 1e-15
PRESENT_ATTRIBUTE = "present"
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)

ProgressCallback = Callable[[str, float], None]
"""Told what was found, and the share of the trials that is done."""


@dataclass(frozen=True)
class TuningProblem:
    """What is tuned. window: all that may be seen. seed: of the search, not of the trees."""

    task: Task
    window: TrainingSet
    space: SearchSpace
    seed: int

    @property
    def name(self) -> str:
        """Same task, same asks, same space: the same study, taken up where it was left."""
        return f"{self.task.name}-{training_set_digest(self.window)[:12]}-{self.space.digest[:12]}"


@dataclass(frozen=True)
class StudyResult:
    """What a search came to.

    best: parameters of the trial of least value. value, present: its objective and that of
    the present parameters, on the same folds. resumed: trials that were there before.
    """

    name: str
    best: Parameters
    value: float
    present: float
    trials: tuple[FrozenTrial, ...]
    resumed: int
    folds: int

    @property
    def better(self) -> bool:
        """Whether the search beats the present parameters."""
        return self.value < self.present


def run_study(
    search: TuningProblem, trials: int, storage: Path, tell: ProgressCallback
) -> StudyResult:
    """Trials until so many are finished, those of earlier calls included.

    storage: SQLite file that keeps the study.

    Raises:
        ValueError: when the window is too short for inner folds.
    """
    folds = tuning_folds(search.window, search.seed)
    study = _open_study(search, storage)
    resumed = len(_finished_trials(study))
    if resumed:
        tell(f"{resumed} trials were there already, going on", resumed / max(trials, resumed))
    present = _present_objective(study, search, folds)
    while (done := len(_finished_trials(study))) < trials:
        _run_trial(study, search, folds, done)
        tell(_progress_line(study, present), (done + 1) / trials)
    best = study.best_trial
    return StudyResult(
        name=search.name,
        best=search.space.parameters(best.params),
        value=float(study.best_value),
        present=present,
        trials=tuple(_finished_trials(study)),
        resumed=resumed,
        folds=len(folds),
    )


def fold_losses(
    search: TuningProblem, chosen: Parameters, folds: Sequence[TuningFold]
) -> list[float]:
    """Log-loss on each fold of a model of these parameters, less that of the class shares."""
    return [_fold_loss(search, chosen, fold) for fold in folds]


def objective(lost: Sequence[float]) -> float:
    """Mean over the folds, and a little for how far they lie apart."""
    return float(np.mean(lost) + SPREAD_WEIGHT * np.std(lost))


def _open_study(search: TuningProblem, storage: Path) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    storage.parent.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        storage=f"sqlite:///{storage}",
        study_name=search.name,
        direction="minimize",
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=FEWEST_TO_PRUNE, n_warmup_steps=1),
    )
    for left in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(left.number, state=TrialState.FAIL)  # it was stopped in the middle
    return study


def _finished_trials(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=FINISHED)


def _present_objective(
    study: optuna.Study, search: TuningProblem, folds: Sequence[TuningFold]
) -> float:
    """Objective of the present parameters, worked out once a study."""
    if PRESENT_ATTRIBUTE not in study.user_attrs:
        study.set_user_attr(
            PRESENT_ATTRIBUTE, objective(fold_losses(search, search.space.present, folds))
        )
    return float(study.user_attrs[PRESENT_ATTRIBUTE])


def _run_trial(
    study: optuna.Study, search: TuningProblem, folds: Sequence[TuningFold], done: int
) -> None:
    study.sampler = optuna.samplers.TPESampler(
        n_startup_trials=FIRST_AT_RANDOM, seed=search.seed + done
    )
    trial = study.ask(search.space.distributions)
    chosen = search.space.parameters(trial.params)
    lost: list[float] = []
    for step, fold in enumerate(folds):
        lost.append(_fold_loss(search, chosen, fold))
        trial.report(float(np.mean(lost)), step)
        if step + 1 < len(folds) and trial.should_prune():
            study.tell(trial, state=TrialState.PRUNED)
            return
    trial.set_user_attr("folds", lost)
    study.tell(trial, objective(lost))


def _fold_loss(search: TuningProblem, chosen: Parameters, fold: TuningFold) -> float:
    window = replace(search.window, target=None)  # the quantiles' trees are not tuned
    task = replace(chosen.trees(search.task), quantiles=())
    taught, scored = window.take(fold.before), window.take(fold.within)
    told = fit(task, taught, chosen.options).model.predict(scored.inputs).probability
    shares = (np.bincount(taught.label, minlength=told.shape[1]) + 0.5) / (len(taught) + 1.0)
    return _mean_loss(told[np.arange(len(scored)), scored.label]) - _mean_loss(shares[scored.label])


def _mean_loss(given: Any) -> float:
    return float(-np.log(np.clip(given, SMALLEST, 1.0)).mean())


def _progress_line(study: optuna.Study, present: float) -> str:
    finished = _finished_trials(study)
    last = finished[-1]
    what = "stopped early" if last.state is TrialState.PRUNED else f"{last.value:+.4f}"
    complete = [t.value for t in finished if t.state is TrialState.COMPLETE and t.value is not None]
    best = f"{min(complete):+.4f}" if complete else "none"
    return f"trial {len(finished)}: {what}, best {best}, present {present:+.4f}"
