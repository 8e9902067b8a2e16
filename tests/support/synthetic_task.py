"""A small task with features of its own, so that tests of models need no other package."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.feature import Feature, FeatureKind, Theme
from models.task import Task
from models.tasks.stock_risk import STOCK_RISK
from models.training_set import TrainingSet


def _computed(cases):
    raise NotImplementedError("these tests hand over the inputs themselves")


FEATURES = (
    Feature(
        "cover",
        Theme.STOCK_COVER,
        "days",
        "no demand known",
        "{value:.1f} days of cover",
        _computed,
    ),
    Feature(
        "late_share",
        Theme.SUPPLIER_RELIABILITY,
        "share",
        "no receipt yet",
        "{value:.0%} came late",
        _computed,
    ),
    Feature(
        "noise", Theme.SUPPLIER_RELIABILITY, "", "never missing", "noise of {value:.2f}", _computed
    ),
    Feature(
        "region",
        Theme.SITE_HABIT,
        "",
        "region not told",
        "the site is in {value}",
        _computed,
        FeatureKind.CATEGORY,
    ),
)


def make_task(classes: int = 2, **changes) -> Task:
    """Return a task with a number of classes over FEATURES, quick to fit."""
    fields = {
        "name": STOCK_RISK.name,
        "question": "Will it end in the last class?",
        "classes": tuple("ABCDEFGH"[:classes]),
        "features": FEATURES,
        "horizon_days": 1,
        "lightgbm": {"num_leaves": 7, "learning_rate": 0.15, "num_iterations": 60},
    }
    return Task(**{**fields, **changes})


@dataclass(frozen=True)
class DrawnTrainingSet:
    """A training set and the log-odds it was drawn from."""

    training: TrainingSet
    logit: np.ndarray


def draw_training_set(
    rows: int, classes: int = 2, *, seed: int = 0, dated: bool = True, shift=-1.5
) -> DrawnTrainingSet:
    """Draw asks every twenty minutes, three to a group, whose labels mature after a day."""
    random = np.random.default_rng(seed)
    cover, late, noise = random.normal(size=(3, rows))
    late[random.random(rows) < 0.1] = np.nan
    region = random.choice(["north", "south", "east", "west"], rows).astype(object)
    region[random.random(rows) < 0.1] = None
    logit = shift - 1.2 * cover + np.nan_to_num(late) + 1.0 * (region == "north")
    if classes == 2:
        label = random.random(rows) < 1 / (1 + np.exp(-logit))
    else:
        label = np.digitize(logit + random.logistic(size=rows), np.linspace(-2, 1, classes - 1))
    asked = np.datetime64("2026-01-01T00:00:00", "us") + np.arange(rows) * np.timedelta64(20, "m")
    if not dated:
        asked = np.full(rows, np.datetime64("NaT"), dtype="datetime64[us]")
    training = TrainingSet(
        inputs=pd.DataFrame({"cover": cover, "late_share": late, "noise": noise, "region": region}),
        label=label.astype(np.int64),
        target=logit + random.normal(size=rows),
        asked_at=asked.astype("datetime64[us]"),
        matured_at=(asked + np.timedelta64(1, "D")).astype("datetime64[us]"),
        group=np.arange(rows) // 3,
        site=np.repeat("site_01", rows),
    )
    return DrawnTrainingSet(training, logit)


def input_columns(training: TrainingSet, rows=slice(None)) -> dict[str, np.ndarray]:
    """Return the inputs of these rows as arrays by feature."""
    return {name: training.inputs[name].to_numpy()[rows] for name in training.inputs}
