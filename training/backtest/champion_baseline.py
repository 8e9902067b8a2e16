"""The champion as a baseline of a backtest, on asks that it cannot have learnt from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.lake import Lake
from models.artefact.folder import load_artefact
from models.model import Model
from models.task import Task
from models.training_set import TrainingSet
from training.evaluation.metrics import Forecast
from training.registry.champion_pointer import Champion, read_champion
from training.registry.mlflow_registry import MlflowRegistry, open_registry
from training.registry.version_evidence import LAST_TRAINING_ASK

SEEN_IN_TRAINING = "not applicable: it learnt from these asks, or from asks of the same time"


@dataclass(frozen=True)
class ChampionBaseline:
    """A champion, and the moment from which asks are new to it.

    Attributes:
        digest: sha256 of its artefact.
        model: the loaded artefact.
        fresh_from: datetime64[us]. Asks from then on came after every ask it was fitted on, and
            late enough that they share no outcome with those.
    """

    digest: str
    model: Model
    fresh_from: np.datetime64

    def forecast(self, asks: TrainingSet) -> Forecast:
        """Predict the asks that are new to the champion; NaN for the others."""
        fresh = self.fresh(asks)
        probability = np.full((len(asks), len(self.model.classes)), np.nan)
        if not fresh.any():
            return Forecast(probability)
        predictions = self.model.predict(asks.inputs.iloc[np.flatnonzero(fresh)])
        probability[fresh] = predictions.probability
        if predictions.quantiles is None:
            return Forecast(probability)
        quantiles = np.full((len(asks), predictions.quantiles.shape[1]), np.nan)
        quantiles[fresh] = predictions.quantiles
        return Forecast(probability, quantiles)

    def fresh(self, asks: TrainingSet) -> NDArray[np.bool_]:
        """Return a mask (n,) of the asks that are new to the champion."""
        return np.asarray(asks.asked_at >= self.fresh_from)


def champion_baseline(
    lake: Lake, task: Task, registry: MlflowRegistry | None = None
) -> tuple[ChampionBaseline | None, str]:
    """Return the task's champion in the lake, or None and the reason why it is no baseline.

    Args:
        lake: where the champion's artefact lies.
        task: the task of the backtest.
        registry: MLflow, which records what a version was trained on; the lake's by default.

    Raises:
        ArtefactError: for a champion that is damaged.
    """
    champion = read_champion(lake, task.name)
    if champion is None:
        return None, "not applicable: the lake has no champion of this task"
    model = load_artefact(lake.models / task.name / champion.digest, champion.digest)
    if model.classes != task.classes or model.encoder.names != tuple(f.name for f in task.features):
        return None, "not applicable: the champion reads other features or has other classes"
    last = _last_training_ask(registry or open_registry(lake), champion)
    if not last:
        return None, "not applicable: the champion does not say which asks it learnt from"
    after = np.datetime64(last, "D") + np.timedelta64(1 + embargo_days(task), "D")
    return ChampionBaseline(champion.digest, model, after.astype("datetime64[us]")), ""


def _last_training_ask(registry: MlflowRegistry, champion: Champion) -> str:
    """Read the tag of the champion's version; empty where the registry lacks either."""
    if registry.versions(champion.task).get(champion.version) != champion.digest:
        return ""
    return registry.described(champion.task, champion.version).tags.get(LAST_TRAINING_ASK, "")


def embargo_days(task: Task) -> int:
    """Return the days after an ask in which another ask may share its outcome.

    That is the task's horizon, or the days between the first and the last ask about one promise.
    """
    before = task.ask_before_days or (0,)
    return max(task.horizon_days, max(before) - min(before))
