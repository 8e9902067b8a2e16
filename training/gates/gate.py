"""The gate, its thresholds, its result, and the candidate model that it looks at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from time import perf_counter

import numpy as np
import pandas as pd

from data.store import Store
from models.fitting.fit import FitResult, fit
from models.fitting.preparation import FitOptions
from models.model import Model, Predictions
from models.task import Task
from models.training_set import TrainingSet
from training.evaluation.baselines import CLASS_SHARES, LIGHTGBM_DEFAULTS, LOGISTIC_REGRESSION
from training.evaluation.gate_findings import GateFinding, Verdict
from training.evaluation.metrics import Forecast


@dataclass(frozen=True)
class GateThresholds:
    """Thresholds of the gates, each with its reason.

    level: chance that a sound model is refused by one gate's tests, all sites and classes
        together. 5 %, as usual: rarer would let small sites hide real faults.
    fewest_groups: independent outcomes that a site or class needs to be judged by itself;
        below ten a resample says little about what another year would bring.
    resamples: drawings behind a 95 % interval, whose ends then rest on ten each.
    """

    level: float = 0.05
    fewest_groups: int = 10
    resamples: int = 400
    seed: int = 17

    # TRG001. Groups are asked about again after an earlier outcome was known (site-items), or
    # share one outcome (shipments). More than half of the former makes them standing groups.
    standing: float = 0.5

    # TRG002. A feature that removes four fifths of the uncertainty by itself is nearly the
    # answer; one that does what the whole model does, and half of the uncertainty, is as odd.
    most_explained: float = 0.8
    same_as_model: float = 0.9
    odd_alone: float = 0.5
    most_gain: float = 0.9

    # TRG004. Asks compared before and after the future was changed, and at how many moments.
    replayed: int = 150
    moments: int = 1

    # TRG007. A share misstated by three in a hundred does not change whom a case is sent to; a
    # site or class may be off by five, for nothing calibrates it by itself.
    calibration_slack: float = 0.03
    part_calibration_slack: float = 0.05
    simulations: int = 1000

    # TRG008. The rate is promised over all asks. A site or class is not calibrated by itself
    # unless it is said to be, and may cover three in a hundred less.
    coverage_slack: float = 0.01
    part_coverage_slack: float = 0.03

    # TRG009. A reviewer's queue of 200 is scored in ten seconds by a model at this limit, and
    # one that is twenty times bigger than ours still loads in seconds.
    milliseconds: float = 50.0
    megabytes: float = 100.0
    scorings: int = 40

    # TRG010. Fitted again on a sample and in fewer rounds, for the sake of time. So few asks move
    # scores more than the whole set would: one in ten with a thousand asks, so a quarter may.
    refit_rows: int = 1500
    refit_rounds: int = 40
    moved: float = 0.10
    most_moved: float = 0.25

    # TRG011. 0.25 is the usual sign of a changed population. What always moves (the month, sums
    # from the beginning) may move twice as far as it did while the model learnt.
    most_drift: float = 0.25
    beyond_before: float = 2.0
    most_unseen: float = 0.10
    stretches: int = 3

    # TRG013. With fewer events a rate is off by half its size, or its direction is unknown.
    class_events: int = 30
    site_events: int = 10
    measured_events: int = 5


FitFunction = Callable[[Task, TrainingSet, FitOptions], FitResult]
InputReplay = Callable[[Store, datetime], pd.DataFrame]
"""Inputs of the newest asks before a moment (it has a zone), with ask ids as index."""


@dataclass(frozen=True)
class ComparedChampion:
    """The model that serves now.

    Attributes:
        answers: predictions on the asks that the candidate is measured on.
        why_not: reason why the two cannot be compared, in words; empty where they can, and then
            there are answers.
    """

    version: int
    answers: Predictions | None
    why_not: str = ""


@dataclass(frozen=True)
class Candidate:
    """A fitted model with the asks that it learnt from and is measured on.

    Attributes:
        answers: predictions of the model on `measured`.
        forecasts: forecasts of the baselines on `measured`, by name.
        built_at: the end of the data, datetime64[us], UTC: outcomes that matured later were not
            known. NaT where the set has no dates.
        options: options that the model was fitted with, to fit it again.
        fitting: function that fits it.
        store, replay: canonical tables, and the function that builds inputs from them.
        now: categories of asks that are open now; None where no ask is open.
        clock: seconds; a stopwatch for the latency of a score.
    """

    task: Task
    learnt: TrainingSet
    measured: TrainingSet
    fitted: FitResult
    answers: Predictions
    forecasts: Mapping[str, Forecast]
    built_at: np.datetime64
    options: FitOptions = field(default_factory=FitOptions)
    champion: ComparedChampion | None = None
    store: Store | None = None
    replay: InputReplay | None = None
    now: pd.DataFrame | None = None
    limits: GateThresholds = field(default_factory=GateThresholds)
    fit_function: FitFunction = fit
    clock: Callable[[], float] = perf_counter

    @property
    def model(self) -> Model:
        """The model itself."""
        return self.fitted.model

    @cached_property
    def dated(self) -> bool:
        """Return whether every ask is dated."""
        moments = (self.learnt.asked_at, self.measured.asked_at)
        return not any(np.isnat(times).any() for times in moments)

    @cached_property
    def rules(self) -> dict[str, Forecast]:
        """Forecasts of the simple rules alone."""
        other = (CLASS_SHARES, LIGHTGBM_DEFAULTS, LOGISTIC_REGRESSION)
        return {name: forecast for name, forecast in self.forecasts.items() if name not in other}


@dataclass(frozen=True)
class GateResult:
    """A verdict with its sentence and the numbers behind it."""

    verdict: Verdict
    sentence: str
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Gate:
    """A gate that a model must pass before it may serve.

    Attributes:
        code: stable, `TRG001` and on.
        title: question of the gate, in a few words.
    """

    code: str
    title: str
    look: Callable[[Candidate], GateResult]

    def finding(self, candidate: Candidate) -> GateFinding:
        """Run the gate on a candidate; a gate that fails to run refuses it."""
        try:
            result = self.look(candidate)
        except Exception as error:  # noqa: BLE001 (whatever broke, the model was not tried)
            result = GateResult(
                Verdict.FAIL, f"Could not be tried: {type(error).__name__}: {error}".rstrip(". ")
            )
        return GateFinding(
            self.code, self.title, result.verdict, result.sentence.rstrip(".") + ".", result.figures
        )


def gate_result(*, refused: bool, sentence: str, figures: Mapping[str, float]) -> GateResult:
    """Fail where it is refused, else pass."""
    return GateResult(Verdict.FAIL if refused else Verdict.PASS, sentence, figures)


def not_applicable(why: str) -> GateResult:
    """Return a verdict of "not applicable"; `why` says what was missing."""
    return GateResult(Verdict.NOT_APPLICABLE, why)
