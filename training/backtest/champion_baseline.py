"""The champion as a baseline of a backtest, on asks that it cannot have learnt from."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.lake import Lake
from models.artefact.folder import load_artefact
from models.model import Model
from models.task import Task
from models.training_set import TrainingSet
from training.evaluation.metrics import Forecast
from training.registry.champion_pointer import read_champion

CARD_SPAN = re.compile(r"asked from \d{4}-\d\d-\d\d to (?P<last>\d{4}-\d\d-\d\d)")
"""Where a model's card says which asks it learnt from."""
SEEN_IN_TRAINING = "not applicable: it learnt from these asks, or from asks of the same time"


@dataclass(frozen=True)
class ChampionBaseline:
    """A champion and since when asks are new to it.

    fresh_from: asks from then on were asked after everything it learnt from, and after the
        ends of what it learnt from could tell of them; datetime64[us].
    """

    digest: str
    model: Model
    fresh_from: np.datetime64

    def forecast(self, asked: TrainingSet) -> Forecast:
        """What it says of asks that are new to it; NaN of the others."""
        fresh = self.fresh(asked)
        probability = np.full((len(asked), len(self.model.classes)), np.nan)
        if not fresh.any():
            return Forecast(probability)
        told = self.model.predict(asked.inputs.iloc[np.flatnonzero(fresh)])
        probability[fresh] = told.probability
        if told.quantiles is None:
            return Forecast(probability)
        quantiles = np.full((len(asked), told.quantiles.shape[1]), np.nan)
        quantiles[fresh] = told.quantiles
        return Forecast(probability, quantiles)

    def fresh(self, asked: TrainingSet) -> NDArray[np.bool_]:
        """Which asks are new to it."""
        return np.asarray(asked.asked_at >= self.fresh_from)


def champion_baseline(lake: Lake, task: Task) -> tuple[ChampionBaseline | None, str]:
    """The lake's champion of the task, and why it is no rival where it is none.

    Raises:
        ArtefactError: for a champion that is damaged.
    """
    found = read_champion(lake, task.name)
    if found is None:
        return None, "not applicable: the lake has no champion of this task"
    model = load_artefact(lake.models / task.name / found.digest, found.digest)
    if model.classes != task.classes or model.encoder.names != tuple(f.name for f in task.features):
        return None, "not applicable: the champion reads other features or has other classes"
    said = CARD_SPAN.search(model.card)
    if said is None:
        return None, "not applicable: the champion does not say which asks it learnt from"
    after = np.datetime64(said["last"], "D") + np.timedelta64(1 + embargo_days(task), "D")
    return ChampionBaseline(found.digest, model, after.astype("datetime64[us]")), ""


def embargo_days(task: Task) -> int:
    """Days after an ask in which another ask may share its end.

    Its horizon, or the days between the first and the last ask about one promise.
    """
    before = task.ask_before_days or (0,)
    return max(task.horizon_days, max(before) - min(before))
