"""Thresholds of the monitor, in one place: how often it may be wrong, and what is too small."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from training.monitor.signal import Family, Kind


def _alpha() -> dict[Family, float]:
    return {
        Family.INPUTS: 0.020,
        Family.SCORE: 0.005,
        Family.CALIBRATION: 0.010,
        Family.COVERAGE: 0.005,
        Family.CONDUCT: 0.010,
    }


def _least() -> dict[Kind, float]:
    return {
        Kind.SHIFT: 0.15,
        Kind.MISSING: 0.05,
        Kind.UNSEEN: 0.02,
        Kind.OUTSIDE: 0.02,
        Kind.SCORE: 0.15,
        Kind.LEVEL: 0.05,
        Kind.SPREAD: 0.05,
        Kind.SKILL: 0.0,
        Kind.CLASS_SET: 0.05,
        Kind.INTERVAL: 0.05,
        Kind.ABSTAINED: 0.05,
        Kind.OVERRIDDEN: 0.10,
        Kind.FOLLOWED: 0.10,
    }


@dataclass(frozen=True)
class Limits:
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

    alpha: Mapping[Family, float] = field(default_factory=_alpha)
    least: Mapping[Kind, float] = field(default_factory=_least)
    fewest_rows: int = 20
    fewest_past: int = 50
    fewest_days: int = 5
    fewest_matured: int = 200
    retrain_gain: float = 0.30
    look_gain: float = 0.02
    factor: float = 1.8
    same_shape: float = 0.30

    @property
    def false_alarms(self) -> float:
        """Most quiet windows, as a share, that may raise any alarm."""
        return sum(self.alpha.values())
