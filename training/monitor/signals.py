"""Signals of the monitor, and the thresholds above which one is raised.

A signal is one comparison at one site, with its effect size and its p-value. The thresholds were
set so that `training.monitor.false_alarm_rate` stays under its bound.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, assert_never

import numpy as np

from training.evaluation.statistics import adjust_holm

ALL_SITES = "all"


class SignalFamily(StrEnum):
    """Signals that share one allowance of false alarms."""

    INPUTS = "inputs"
    SCORE = "score"
    CALIBRATION = "calibration"
    COVERAGE = "coverage"
    CONDUCT = "conduct"


class SignalKind(StrEnum):
    """Quantity that a signal compares."""

    SHIFT = "shift"
    MISSING = "missing"
    UNSEEN = "unseen"
    OUTSIDE = "outside"
    SCORE = "score"
    LEVEL = "level"
    SPREAD = "spread"
    SKILL = "skill"
    CLASS_SET = "class_set"
    INTERVAL = "interval"
    ABSTAINED = "abstained"
    OVERRIDDEN = "overridden"
    FOLLOWED = "followed"

    @property
    def family(self) -> SignalFamily:
        """The family whose allowance it uses."""
        match self:
            case SignalKind.SHIFT | SignalKind.MISSING | SignalKind.UNSEEN | SignalKind.OUTSIDE:
                return SignalFamily.INPUTS
            case SignalKind.SCORE:
                return SignalFamily.SCORE
            case SignalKind.LEVEL | SignalKind.SPREAD | SignalKind.SKILL:
                return SignalFamily.CALIBRATION
            case SignalKind.CLASS_SET | SignalKind.INTERVAL:
                return SignalFamily.COVERAGE
            case SignalKind.ABSTAINED | SignalKind.OVERRIDDEN | SignalKind.FOLLOWED:
                return SignalFamily.CONDUCT
            case _:
                assert_never(self)


@dataclass(frozen=True)
class Signal:
    """One comparison.

    Attributes:
        place: a site, or EVERYWHERE.
        subject: name of the feature, class or score.
        rows: cases compared.
        found, expected: now and by the reference, as shares or medians.
        effect: difference in the unit of `MonitorThresholds.min_effect`; never below 0.
        p: probability of such a difference if nothing changed.
        adjusted: the same by Holm over the family.
        raised: whether the difference is both unlikely and large enough.
        figures: further numbers.
        value: of a category, the one whose share moved most; found and expected are its shares.
    """

    kind: SignalKind
    place: str
    subject: str
    rows: int
    found: float
    expected: float
    effect: float
    p: float
    adjusted: float = 1.0
    raised: bool = False
    figures: Mapping[str, float] = field(default_factory=dict)
    value: str = ""

    @property
    def everywhere(self) -> bool:
        """Return whether the signal is of all sites together."""
        return self.place == ALL_SITES

    def as_json(self) -> dict[str, Any]:
        """Plain values; a number that is not known is null."""
        plain = asdict(self) | {"kind": str(self.kind), "figures": _nan_to_none(self.figures)}
        return _nan_to_none(plain)


def _nan_to_none(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in fields.items()}


def _default_alpha() -> dict[SignalFamily, float]:
    return {
        SignalFamily.INPUTS: 0.020,
        SignalFamily.SCORE: 0.005,
        SignalFamily.CALIBRATION: 0.010,
        SignalFamily.COVERAGE: 0.005,
        SignalFamily.CONDUCT: 0.010,
    }


def _default_min_effects() -> dict[SignalKind, float]:
    return {
        SignalKind.SHIFT: 0.15,
        SignalKind.MISSING: 0.05,
        SignalKind.UNSEEN: 0.02,
        SignalKind.OUTSIDE: 0.02,
        SignalKind.SCORE: 0.15,
        SignalKind.LEVEL: 0.05,
        SignalKind.SPREAD: 0.05,
        SignalKind.SKILL: 0.0,
        SignalKind.CLASS_SET: 0.05,
        SignalKind.INTERVAL: 0.05,
        SignalKind.ABSTAINED: 0.05,
        SignalKind.OVERRIDDEN: 0.10,
        SignalKind.FOLLOWED: 0.10,
    }


@dataclass(frozen=True)
class MonitorThresholds:
    """alpha: chance of a false alarm that each family of tests of a task may use up.

    Within a family Holm's correction holds it over all features, classes and sites; their
    sum is the most that a quiet window may raise.
    least: what a change must amount to besides, whatever its significance: the largest gap
        between the two cumulative shares beyond what single months of the reference showed
        (SHIFT, SCORE), a gap between shares or rates, for SKILL log-loss beyond that of the
        class shares.
    fewest_rows: cases of a site in the window below which it is not judged.
    fewest_past: cases of an earlier period below which it is no measure.
    fewest_days: days of asking below which cases are a list, not a period.
    fewest_matured: matured outcomes below which "probabilities hold" cannot be said.
    retrain_gain, look_gain: share of the model's gain that features which moved at several
        sites must hold between them to call for a new model, or for a look.
    factor: smallest ratio of medians, beyond that of the other sites, that may be a change of
        unit.
    same_shape: largest gap that is left once that ratio is divided out.
    """

    alpha: Mapping[SignalFamily, float] = field(default_factory=_default_alpha)
    min_effect: Mapping[SignalKind, float] = field(default_factory=_default_min_effects)
    min_rows: int = 20
    min_past_rows: int = 50
    min_days: int = 5
    min_matured: int = 200
    retrain_gain: float = 0.30
    look_gain: float = 0.02
    factor: float = 1.8
    same_shape: float = 0.30

    @property
    def false_alarms(self) -> float:
        """Most quiet windows, as a share, that may raise any alarm."""
        return sum(self.alpha.values())


MEASURED_FALSE_ALARM_RATE = 0.007
"""Share measured by this module as it stands, told on the page."""


def mark_raised_signals(signals: Sequence[Signal], limits: MonitorThresholds) -> list[Signal]:
    """The signals with their adjusted p, and whether they are raised; in the same order."""
    judged = list(signals)
    for family in SignalFamily:
        places = [i for i, s in enumerate(signals) if s.kind.family is family]
        adjusted = adjust_holm(np.array([signals[i].p for i in places], dtype=np.float64))
        for place, p in zip(places, adjusted.tolist(), strict=True):
            judged[place] = _mark_raised(signals[place], p, limits)
    return judged


def _mark_raised(signal: Signal, adjusted: float, limits: MonitorThresholds) -> Signal:
    unlikely = adjusted <= limits.alpha[signal.kind.family]
    large = signal.effect >= limits.min_effect[signal.kind]
    return replace(signal, adjusted=adjusted, raised=bool(unlikely and large))
