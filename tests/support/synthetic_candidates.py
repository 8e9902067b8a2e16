"""Candidates for the gates: a small sound training, and variants with planted faults."""

from dataclasses import replace

import numpy as np
import pandas as pd

from models.fitting.fit import fit
from models.fitting.preparation import FitOptions
from models.task import Task
from models.training_set import TrainingSet
from tests.support.synthetic_task import draw_training_set, make_task
from training.dataset.holdout import hold_out
from training.evaluation.baselines import CLASS_SHARES, task_baselines
from training.gates.gate import Candidate

SITES = ("S01", "S02", "S03")
QUICK = {"num_leaves": 7, "learning_rate": 0.1, "num_iterations": 80}


def sound_training_set(rows: int = 4000, classes: int = 2, **how) -> TrainingSet:
    """Return asks of three sites with one simple rule, which every gate lets pass."""
    training = draw_training_set(rows, classes, **how).training
    site = np.array(SITES)[training.group % len(SITES)]
    return replace(training, site=site, rules={"cover": -training.inputs["cover"].to_numpy()})


def quick_task(classes: int = 2, **changes) -> Task:
    """Return the task of those asks, with LightGBM parameters that fit quickly."""
    return make_task(classes, **{"lightgbm": QUICK, **changes})


def build_candidate(training: TrainingSet, of: Task | None = None) -> Candidate:
    """Split, fit and predict as a training does."""
    learnt, measured = hold_out(training)
    return candidate_from_split(learnt, measured, of)


def candidate_from_split(
    learnt: TrainingSet, measured: TrainingSet, of: Task | None = None
) -> Candidate:
    """Fit on one training set and measure on the other, however they were split."""
    of = of or quick_task()
    fitted = fit(of, learnt)
    told = task_baselines(of, learnt)
    return Candidate(
        task=of,
        learnt=learnt,
        measured=measured,
        fitted=fitted,
        answers=fitted.model.predict(measured.inputs),
        forecasts={name: told[name](measured) for name in (CLASS_SHARES, *learnt.rules)},
        built_at=np.max(measured.matured_at),
        options=FitOptions(),
    )


def undated_candidate(candidate: Candidate) -> Candidate:
    """Return the candidate without any dates of its asks."""
    return replace(
        candidate,
        learnt=undated_training_set(candidate.learnt),
        measured=undated_training_set(candidate.measured),
        built_at=np.datetime64("NaT", "us"),
    )


def undated_training_set(training: TrainingSet) -> TrainingSet:
    never = np.full(len(training), np.datetime64("NaT", "us"))
    return replace(training, asked_at=never, matured_at=never)


def concatenate(*parts: TrainingSet) -> TrainingSet:
    """Concatenate the asks of several training sets."""
    return TrainingSet(
        inputs=pd.concat([part.inputs for part in parts]),
        label=np.concatenate([part.label for part in parts]),
        target=np.concatenate([part.target for part in parts]),
        asked_at=np.concatenate([part.asked_at for part in parts]),
        matured_at=np.concatenate([part.matured_at for part in parts]),
        group=np.concatenate([part.group for part in parts]),
        site=np.concatenate([part.site for part in parts]),
        rules={n: np.concatenate([p.rules[n] for p in parts]) for n in parts[0].rules},
    )


def replace_feature(training: TrainingSet, name: str, values) -> TrainingSet:
    """Return the asks with other values for one feature."""
    return replace(training, inputs=training.inputs.assign(**{name: values}))


def flip_labels(training: TrainingSet, where) -> TrainingSet:
    """Return the asks with the binary label inverted where `where` is true."""
    return replace(training, label=np.where(where, 1 - training.label, training.label))
