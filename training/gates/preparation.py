"""Prepare a candidate for the gates: baselines, champion, input replay, open asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from data.contracts.catalogue import TABLES
from data.lake import Lake
from data.store import Store
from features.feature import FeatureKind, feature_frame
from models.artefact.folder import ArtefactError, load_artefact
from models.encoding.encoder import InputError
from models.fitting.fit import FitResult
from models.fitting.preparation import FitOptions
from models.model import Model
from models.task import Task
from models.training_set import TrainingSet
from training.dataset.asks import ASK_ID
from training.dataset.builder import model_inputs
from training.dataset.labels import last_known_moment
from training.evaluation.baselines import LIGHTGBM_DEFAULTS, LOGISTIC_REGRESSION, task_baselines
from training.evaluation.metrics import Forecast, metric_functions
from training.gates.gate import Candidate, ComparedChampion, GateThresholds, InputReplay
from training.registry.champion_pointer import read_champion
from training.registry.mlflow_registry import MlflowRegistry
from training.registry.version_evidence import LEARNT_UNTIL
from training.tasks.catalogue import training_task

REPLAY_WINDOW = timedelta(days=8)
EXPENSIVE_BASELINES = (LIGHTGBM_DEFAULTS, LOGISTIC_REGRESSION)
COMPARED_METRICS = ("log_loss", "brier", "ece", "pr_auc")


@contextmanager
def prepare_candidate(
    task: Task,
    fitted: FitResult,
    *,
    learnt: TrainingSet,
    measured: TrainingSet,
    options: FitOptions,
    lake: Lake,
    registry: MlflowRegistry,
) -> Iterator[Candidate]:
    """The candidate with all that the gates look at; its tables are open within the block."""
    fitted_baselines = task_baselines(task, learnt).items()
    forecasts = {
        name: baseline(measured)
        for name, baseline in fitted_baselines
        if name not in EXPENSIVE_BASELINES
    }
    limits = GateThresholds()
    with Store.from_folder(lake.canonical) as store:
        end = last_known_moment(store, *TABLES)
        yield Candidate(
            task=task,
            learnt=learnt,
            measured=measured,
            fitted=fitted,
            answers=fitted.model.predict(measured.inputs),
            forecasts=forecasts,
            built_at=end,
            options=options,
            champion=compared_champion(task, lake, registry, measured),
            store=store,
            replay=replay_inputs(task, limits.replayed),
            now=open_categories(task, store, end),
            limits=limits,
        )


def compared_champion(
    task: Task, lake: Lake, registry: MlflowRegistry, measured: TrainingSet
) -> ComparedChampion | None:
    """The champion and its answers, or why it cannot be compared; None if there is none."""
    pointer = read_champion(lake, task.name)
    if pointer is None:
        return None
    try:
        model = load_artefact(lake.models / task.name / pointer.digest, pointer.digest)
        until = registry.described(task.name, pointer.version).tags.get(LEARNT_UNTIL, "")
        why_not = _why_not(until, measured)
        answers = None if why_not else model.predict(_inputs_of(model, measured))
    except InputError:
        return ComparedChampion(pointer.version, None, "it takes other features")
    except (ArtefactError, LookupError) as error:
        return ComparedChampion(pointer.version, None, str(error))
    if answers is not None and model.classes != task.classes:
        return ComparedChampion(pointer.version, None, "it knows other classes")
    return ComparedChampion(pointer.version, answers, why_not)


def _inputs_of(model: Model, measured: TrainingSet) -> pd.DataFrame:
    """Return the inputs that a champion takes: one of a shorter history has fewer features.

    Where the asks lack some of them, all inputs are returned, and the model refuses those.
    """
    names = list(model.encoder.names)
    return measured.inputs[names] if set(names) <= set(measured.inputs) else measured.inputs


def _why_not(until: str, measured: TrainingSet) -> str:
    if not until or np.isnat(measured.asked_at).any():
        return "it is not recorded until when it learnt, so these asks may be no test of it"
    if np.datetime64(until, "us") > measured.asked_at.min():
        return "it learnt from what happened while these asks were asked, so they are no test of it"
    return ""


def replay_inputs(task: Task, most: int) -> InputReplay:
    """Return a function that builds the inputs of the newest asks before a moment."""

    def inputs_before(store: Store, moment: datetime) -> pd.DataFrame:
        asks = training_task(task).query_asks(store, task, moment - REPLAY_WINDOW, moment, most)
        inputs = model_inputs(training_task(task), store, asks)
        return inputs.set_axis(pd.Index(asks.text(ASK_ID)), axis=0).sort_index()

    return inputs_before


def open_categories(task: Task, store: Store, end: np.datetime64) -> pd.DataFrame | None:
    """Categories of the asks that are open at the end of the data; None without any.

    A category is stated by the case itself, so no history is looked up.
    """
    if np.isnat(end):
        return None
    at = pd.Timestamp(end).tz_localize("UTC").ceil("D").to_pydatetime()
    asks = training_task(task).query_open_asks(store, task, at)
    if not len(asks):
        return None
    stated = [one for one in task.features if one.kind is FeatureKind.CATEGORY]
    return feature_frame(stated, asks.cases({}))


def comparison_figures(candidate: Candidate) -> list[dict[str, Any]]:
    """Figures of the model, of what is simpler and of the champion, on the measured asks."""
    answers = {"model": candidate.answers}
    if candidate.champion and candidate.champion.answers:
        answers[f"champion (version {candidate.champion.version})"] = candidate.champion.answers
    forecasts = {name: Forecast(one.probability) for name, one in answers.items()}
    return [
        _figures(candidate, name, one)
        for name, one in (forecasts | _baseline_forecasts(candidate)).items()
    ]


def _baseline_forecasts(candidate: Candidate) -> dict[str, Forecast]:
    return {name: Forecast(one.probability) for name, one in candidate.forecasts.items()}


def _figures(candidate: Candidate, name: str, forecast: Forecast) -> dict[str, Any]:
    measured, once = candidate.measured, np.ones(len(candidate.measured))
    metrics = metric_functions(measured.label, None, forecast, candidate.task.classes)
    figures = {metric: metrics[metric](once) for metric in COMPARED_METRICS}
    finite = {metric: value for metric, value in figures.items() if np.isfinite(value)}
    return {"name": name.replace("_", " "), **finite}
