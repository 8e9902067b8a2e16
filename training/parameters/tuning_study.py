"""Optuna study over the tuning folds and its search space; resumable with the same result.

Each trial's seed follows from the number of finished trials, so a study that was interrupted
continues exactly as it would have without the interruption.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)
from optuna.trial import FrozenTrial, TrialState

from models.calibration.calibrators import CalibrationMethod
from models.fitting.fit import fit
from models.fitting.preparation import RefitScope
from models.task import Task
from models.training_set import TrainingSet
from training.dataset.manifest import training_set_digest
from training.parameters.parameter_files import FitParameters, Parameters
from training.parameters.tuning_folds import TuningFold, tuning_folds


class CalibrationChoice(StrEnum):
    """Calibration applied after the trees."""

    AS_THEY_COME = "as they come"
    """No correction: the trees learn from every matured ask, the newest too."""
    BEST_HELD_OUT = "best held out"
    """The calibration of least log-loss on the newest asks, which the trees have not seen."""


TREE_DISTRIBUTIONS: Mapping[str, BaseDistribution] = {
    "learning_rate": FloatDistribution(0.01, 0.1, log=True),
    "num_leaves": IntDistribution(4, 63, log=True),
    "min_data_in_leaf": IntDistribution(5, 200, log=True),
    "lambda_l2": FloatDistribution(1.0, 50.0, log=True),
    "feature_fraction": FloatDistribution(0.1, 0.8),
    "bagging_fraction": FloatDistribution(0.5, 0.9),
    "cat_smooth": FloatDistribution(10.0, 200.0, log=True),
    "extra_trees": CategoricalDistribution((False, True)),
}
"""By LightGBM's names."""
ROUNDS, CALIBRATION, AGE_WEIGHTED, HALF_LIFE = "rounds", "corrected", "aged", "half_life_days"
FIT_DISTRIBUTIONS: Mapping[str, BaseDistribution] = {
    ROUNDS: IntDistribution(30, 500, log=True),
    CALIBRATION: CategoricalDistribution(tuple(str(c) for c in CalibrationChoice)),
}
AGE_DISTRIBUTIONS: Mapping[str, BaseDistribution] = {
    AGE_WEIGHTED: CategoricalDistribution((False, True)),
    HALF_LIFE: FloatDistribution(60.0, 3000.0, log=True),
}
"""Whether old asks count for less, and after how many days for half."""


@dataclass(frozen=True)
class SearchSpace:
    """The search around the present parameters.

    Attributes:
        dated: whether asks have an age.
    """

    present: Parameters
    dated: bool

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """Return the searched distributions by name."""
        return {
            **TREE_DISTRIBUTIONS,
            **FIT_DISTRIBUTIONS,
            **(AGE_DISTRIBUTIONS if self.dated else {}),
        }

    @property
    def digest(self) -> str:
        """Digest of what is searched and of what stays as it is."""
        searched = {n: json.loads(distribution_to_json(d)) for n, d in self.distributions.items()}
        parameters = self.present.model_dump(mode="json")
        text = json.dumps([searched, parameters], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def parameters(self, sampled: Mapping[str, Any]) -> Parameters:
        """The present parameters with the numbers drawn; the quantiles' trees stay theirs."""
        trees = {name: _four_digits(sampled[name]) for name in TREE_DISTRIBUTIONS}
        corrected = CalibrationChoice(sampled[CALIBRATION])
        calibrated = corrected is CalibrationChoice.BEST_HELD_OUT
        fit = {
            "rounds": sampled[ROUNDS],
            "refit": RefitScope.FIT_AND_STOP if calibrated else RefitScope.ALL,
            "calibrations": () if calibrated else (CalibrationMethod.IDENTITY,),
            "half_life_days": _four_digits(sampled[HALF_LIFE])
            if sampled.get(AGE_WEIGHTED)
            else None,
        }
        written = self.present.lightgbm.given() | trees
        return self.present.model_copy(
            update={
                "lightgbm": type(self.present.lightgbm).model_validate(written),
                "fit": FitParameters.model_validate(self.present.fit.model_dump() | fit),
            }
        )


def _four_digits(value: Any) -> Any:
    """Four digits that count: a file that people read says 0.0312, not 0.03124871."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


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
    """A tuning problem.

    Attributes:
        window: asks that may be seen.
        seed: seed of the search, not of the trees.
    """

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
    """Result of a search.

    Attributes:
        best: parameters of the trial of least value.
        value, present: its objective and that of the present parameters, on the same folds.
        resumed: number of trials from an earlier run.
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
        """Return whether the search beats the present parameters."""
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
    probability = fit(task, taught, chosen.options).model.predict(scored.inputs).probability
    shares = (np.bincount(taught.label, minlength=probability.shape[1]) + 0.5) / (len(taught) + 1.0)
    return _mean_loss(probability[np.arange(len(scored)), scored.label]) - _mean_loss(
        shares[scored.label]
    )


def _mean_loss(probability: Any) -> float:
    return float(-np.log(np.clip(probability, SMALLEST, 1.0)).mean())


def _progress_line(study: optuna.Study, present: float) -> str:
    finished = _finished_trials(study)
    last = finished[-1]
    what = "stopped early" if last.state is TrialState.PRUNED else f"{last.value:+.4f}"
    complete = [t.value for t in finished if t.state is TrialState.COMPLETE and t.value is not None]
    best = f"{min(complete):+.4f}" if complete else "none"
    return f"trial {len(finished)}: {what}, best {best}, present {present:+.4f}"
