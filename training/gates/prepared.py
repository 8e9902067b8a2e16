"""A candidate gathered: baselines fitted, the champion asked, the open asks looked up."""

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
from features.feature import FeatureKind
from features.inputs import inputs
from models.artefact import ArtefactError, load
from models.encode import InputError
from models.fit import FitOptions, Fitted
from models.task import Task
from models.training_set import TrainingSet
from training.asks.asks import ASK_ID
from training.baselines import LIGHTGBM_DEFAULTS, LOGISTIC_REGRESSION, baselines
from training.build import model_inputs
from training.gates.candidate import Candidate, Champion, Replay
from training.gates.limits import Limits
from training.labels.labels import data_end
from training.metrics import Forecast, measures
from training.pointer import champion as pointed
from training.registry import Registry
from training.wiring import wiring

LEARNT_UNTIL = "learnt_until"
"""Tag of a version: the last moment of which anything was learnt (ISO, UTC)."""
BEFORE = timedelta(days=8)
DEAR = (LIGHTGBM_DEFAULTS, LOGISTIC_REGRESSION)
COMPARED = ("log_loss", "brier", "ece", "pr_auc")


@contextmanager
def prepared(
    task: Task,
    fitted: Fitted,
    *,
    learnt: TrainingSet,
    measured: TrainingSet,
    options: FitOptions,
    lake: Lake,
    registry: Registry,
) -> Iterator[Candidate]:
    """The candidate with all that the gates look at; its tables are open within the block."""
    fitted_baselines = baselines(task, learnt).items()
    forecasts = {name: told(measured) for name, told in fitted_baselines if name not in DEAR}
    limits = Limits()
    with Store.from_folder(lake.canonical) as store:
        end = data_end(store, *TABLES)
        yield Candidate(
            task=task,
            learnt=learnt,
            measured=measured,
            fitted=fitted,
            answers=fitted.model.predict(measured.inputs),
            forecasts=forecasts,
            built_at=end,
            options=options,
            champion=reigning(task, lake, registry, measured),
            store=store,
            replay=replay(task, limits.replayed),
            now=open_categories(task, store, end),
            limits=limits,
        )


def learnt_until(learnt: TrainingSet) -> str:
    """The last moment that anything in the set tells of; empty without dates."""
    moments = np.concatenate([learnt.asked_at, learnt.matured_at])
    return "" if np.isnat(moments).any() else str(moments.max())


def reigning(task: Task, lake: Lake, registry: Registry, measured: TrainingSet) -> Champion | None:
    """The champion and its answers, or why it cannot be compared; None if there is none."""
    pointer = pointed(lake, task.name)
    if pointer is None:
        return None
    try:
        model = load(lake.models / task.name / pointer.digest, pointer.digest)
        until = registry.described(task.name, pointer.version).tags.get(LEARNT_UNTIL, "")
        why_not = _why_not(until, measured)
        answers = None if why_not else model.predict(measured.inputs)
    except InputError:
        return Champion(pointer.version, None, "it takes other features")
    except (ArtefactError, LookupError) as error:
        return Champion(pointer.version, None, str(error))
    if answers is not None and model.classes != task.classes:
        return Champion(pointer.version, None, "it knows other classes")
    return Champion(pointer.version, answers, why_not)


def _why_not(until: str, measured: TrainingSet) -> str:
    if not until or np.isnat(measured.asked_at).any():
        return "it is not recorded until when it learnt, so these asks may be no test of it"
    if np.datetime64(until, "us") > measured.asked_at.min():
        return "it learnt from what happened while these asks were asked, so they are no test of it"
    return ""


def replay(task: Task, most: int) -> Replay:
    """What makes the inputs of the newest asks before a moment, from any tables."""

    def inputs_before(store: Store, moment: datetime) -> pd.DataFrame:
        asks = wiring(task.name).asks(store, task, moment - BEFORE, moment, most)
        made = model_inputs(task, store, asks)
        return made.set_axis(pd.Index(asks.text(ASK_ID)), axis=0).sort_index()

    return inputs_before


def open_categories(task: Task, store: Store, end: np.datetime64) -> pd.DataFrame | None:
    """Categories of the asks that are open at the end of the data; None without any.

    A category is stated by the case itself, so no history is looked up.
    """
    if np.isnat(end):
        return None
    at = pd.Timestamp(end).tz_localize("UTC").ceil("D").to_pydatetime()
    asks = wiring(task.name).open_asks(store, task, at)
    if not len(asks):
        return None
    stated = [one for one in task.features if one.kind is FeatureKind.CATEGORY]
    return inputs(stated, asks.cases({}))


def comparison(candidate: Candidate) -> list[dict[str, Any]]:
    """Figures of the model, of what is simpler and of the champion, on the measured asks."""
    answers = {"model": candidate.answers}
    if candidate.champion and candidate.champion.answers:
        answers[f"champion (version {candidate.champion.version})"] = candidate.champion.answers
    told = {name: Forecast(one.probability) for name, one in answers.items()}
    return [_figures(candidate, name, one) for name, one in (told | _rest(candidate)).items()]


def _rest(candidate: Candidate) -> dict[str, Forecast]:
    return {name: Forecast(one.probability) for name, one in candidate.forecasts.items()}


def _figures(candidate: Candidate, name: str, told: Forecast) -> dict[str, Any]:
    measured, once = candidate.measured, np.ones(len(candidate.measured))
    found = measures(measured.label, None, told, candidate.task.classes)
    figures = {metric: found[metric](once) for metric in COMPARED}
    finite = {metric: value for metric, value in figures.items() if np.isfinite(value)}
    return {"name": name.replace("_", " "), **finite}
