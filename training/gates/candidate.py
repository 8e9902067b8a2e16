"""A candidate: everything that a gate may look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from time import perf_counter

import numpy as np
import pandas as pd

from data.store import Store
from models.fit import FitOptions, Fitted, fit
from models.model import Model, Predictions
from models.task import Task
from models.training_set import TrainingSet
from training.baselines import CLASS_SHARES, LIGHTGBM_DEFAULTS, LOGISTIC_REGRESSION
from training.gates.limits import Limits
from training.metrics import Forecast

Refitting = Callable[[Task, TrainingSet, FitOptions], Fitted]
Replay = Callable[[Store, datetime], pd.DataFrame]
"""Inputs of the newest asks before a moment (it has a zone), with ask ids as index."""


@dataclass(frozen=True)
class Champion:
    """The model that serves now.

    answers: on the asks that the candidate is measured on. why_not: why the two cannot be
    compared, in words; empty where they can, and then there are answers.
    """

    version: int
    answers: Predictions | None
    why_not: str = ""


@dataclass(frozen=True)
class Candidate:
    """A fitted model with what it learnt from and what it is measured on.

    answers: of the model on `measured`. forecasts: of the baselines on `measured`, by name.
    built_at: the end of the data, datetime64[us], UTC: what matured later was not known.
        NaT where the set has no dates.
    options: how the model was fitted, to fit it again. fitting: what fits it.
    store, replay: canonical tables, and the function that makes inputs of them.
    now: categories of asks that are open now; None where there are none to look at.
    clock: seconds; a stopwatch for the latency of a score.
    """

    task: Task
    learnt: TrainingSet
    measured: TrainingSet
    fitted: Fitted
    answers: Predictions
    forecasts: Mapping[str, Forecast]
    built_at: np.datetime64
    options: FitOptions = field(default_factory=FitOptions)
    champion: Champion | None = None
    store: Store | None = None
    replay: Replay | None = None
    now: pd.DataFrame | None = None
    limits: Limits = field(default_factory=Limits)
    fitting: Refitting = fit
    clock: Callable[[], float] = perf_counter

    @property
    def model(self) -> Model:
        """The model itself."""
        return self.fitted.model

    @cached_property
    def dated(self) -> bool:
        """Whether every ask says when it was asked."""
        moments = (self.learnt.asked_at, self.measured.asked_at)
        return not any(np.isnat(asked).any() for asked in moments)

    @cached_property
    def rules(self) -> dict[str, Forecast]:
        """Forecasts of the simple rules alone."""
        other = (CLASS_SHARES, LIGHTGBM_DEFAULTS, LOGISTIC_REGRESSION)
        return {name: told for name, told in self.forecasts.items() if name not in other}
