"""Calibration and coverage: stated probabilities and intervals against the cases that ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from training.evaluation.statistics import (
    binomial_lower_p_value,
    calibration_error_test,
    poisson_binomial_p_value,
    wilson_interval_95,
)
from training.monitor.outcomes import LABEL, MATURED_AT, RECOMMENDATION_ID, TARGET
from training.monitor.reference import ChampionReference
from training.monitor.signals import ALL_SITES, MonitorThresholds, Signal, SignalKind

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

ANY_EXCEPTION = "any exception"
SIMULATION_SEED = 17
MIN_PROBABILITY = 1e-15
MIN_EXPECTED_CASES = 1.0
DOUBLED_RATE_EFFECT = 0.1
"""Scale on which a rare class that comes twice as often as stated is worth five points."""


@dataclass(frozen=True, eq=False)
class EndedCases:
    """n cases that have ended, each once: the last recommendation of it that matured.

    Attributes:
        probability: (n, K) as stated.
        label: (n,) class numbers.
        target: (n,) NaN where there is none.
        frame: recommendations of the cases.
    """

    frame: pd.DataFrame
    classes: tuple[str, ...]
    probability: Floats
    label: Ints
    target: Floats

    @classmethod
    def of(
        cls, recommendations: pd.DataFrame, outcomes: pd.DataFrame, baseline: ChampionReference
    ) -> EndedCases:
        """The recommendations that have an outcome."""
        joined = recommendations.merge(
            outcomes[[RECOMMENDATION_ID, LABEL, TARGET, MATURED_AT]],
            left_on="id",
            right_on=RECOMMENDATION_ID,
            how="inner",
        )
        last = joined.sort_values("asked_at", kind="stable").drop_duplicates("case_id", keep="last")
        last = last.reset_index(drop=True)
        stated = [[row[name] for name in baseline.classes] for row in last["probabilities"]]
        return cls(
            last,
            baseline.classes,
            np.array(stated, dtype=np.float64).reshape(len(last), len(baseline.classes)),
            last[LABEL].to_numpy(dtype=np.int64),
            last[TARGET].to_numpy(dtype=np.float64),
        )

    def __len__(self) -> int:
        return len(self.label)

    @cached_property
    def site(self) -> NDArray[Any]:
        """(n,) sites."""
        return self.frame["site_id"].to_numpy(dtype=object)

    @cached_property
    def explained(self) -> Ints:
        """(n,) class that the logged score is of."""
        place = {name: k for k, name in enumerate(self.classes)}
        return np.array([place[name] for name in self.frame["explained_class"]], dtype=np.int64)

    @cached_property
    def score(self) -> Floats:
        """(n,) stated probability of that class."""
        return self.probability[np.arange(len(self)), self.explained]

    @cached_property
    def sites(self) -> tuple[str, ...]:
        """Sites that have any."""
        return tuple(sorted(set(self.site.tolist())))

    def take(self, keep: Flags) -> EndedCases:
        """Return the cases where `keep` is true."""
        frame = self.frame[keep].reset_index(drop=True)
        cut = (self.probability[keep], self.label[keep], self.target[keep])
        return EndedCases(frame, self.classes, *cut)

    def at(self, place: str) -> EndedCases:
        """Return the cases of a site, or all."""
        return self if place == ALL_SITES else self.take(np.asarray(self.site == place))

    def places(self, fewest: int) -> Iterator[tuple[str, EndedCases]]:
        """Yield all sites together, then each site with at least that many cases."""
        for name in (ALL_SITES, *self.sites):
            part = self.at(name)
            if len(part) >= fewest:
                yield name, part


def calibration_signals(ended: EndedCases, limits: MonitorThresholds) -> list[Signal]:
    """Stated against observed by class and site; calibration error; log-loss against shares."""
    return [
        signal
        for place, part in ended.places(limits.min_rows)
        for signal in (
            *_level_signals(place, part),
            *_calibration_error_signal(place, part),
            *_log_loss_signal(place, part),
        )
    ]


def _level_signals(place: str, part: EndedCases) -> Iterator[Signal]:
    """Yield signals of calibration in the large: expected against observed cases of each class."""
    classes = list(enumerate(part.classes))[1:]
    if len(classes) > 1:
        anything = np.minimum(part.probability[:, 1:].sum(axis=1), 1.0)
        yield _level_signal(place, ANY_EXCEPTION, anything, part.label > 0)
    if place == ALL_SITES or len(classes) == 1:
        for number, name in classes:
            hit = part.label == number
            stated = part.probability[:, number]
            if max(hit.sum(), stated.sum()) >= MIN_EXPECTED_CASES:
                yield _level_signal(place, name, stated, hit)


def _level_signal(place: str, name: str, stated: Floats, hit: Flags) -> Signal:
    expected, found = float(stated.mean()), float(hit.mean())
    difference = abs(found - expected)
    return Signal(
        SignalKind.LEVEL,
        place,
        name,
        len(hit),
        found,
        expected,
        max(difference, DOUBLED_RATE_EFFECT * difference / max(found, expected, MIN_PROBABILITY)),
        poisson_binomial_p_value(stated, int(hit.sum())),
        figures={"stated": float(stated.sum()), "came": float(hit.sum())},
    )


def _calibration_error_signal(place: str, part: EndedCases) -> Iterator[Signal]:
    hit = np.asarray(part.label == part.explained)
    error, chance = calibration_error_test(part.score, hit, SIMULATION_SEED)
    yield Signal(SignalKind.SPREAD, place, "score", len(part), error, 0.0, error, chance)


def _log_loss_signal(place: str, part: EndedCases) -> Iterator[Signal]:
    """Log-loss beyond that of the very shares in which these cases ended."""
    if place != ALL_SITES or len(np.unique(part.label)) < 2:
        return
    rows = np.arange(len(part))
    model = -np.log(np.clip(part.probability[rows, part.label], MIN_PROBABILITY, 1.0))
    shares = np.bincount(part.label, minlength=len(part.classes)) / len(part)
    rule = -np.log(shares[part.label])
    worse = model - rule
    spread = float(worse.std(ddof=1)) / float(np.sqrt(len(part)))
    chance = float(norm.sf(worse.mean() / spread)) if spread > 0 else 1.0
    yield Signal(
        SignalKind.SKILL,
        place,
        "log-loss",
        len(part),
        float(model.mean()),
        float(rule.mean()),
        max(float(worse.mean()), 0.0),
        chance,
    )


def coverage_signals(
    ended: EndedCases, baseline: ChampionReference, limits: MonitorThresholds
) -> list[Signal]:
    """Signals of each place with enough ended cases; only too little coverage counts."""
    return [
        signal
        for place, part in ended.places(limits.min_rows)
        for signal in (
            *_class_set_signals(place, part, baseline),
            *_interval_signals(place, part, baseline, limits.min_rows),
        )
    ]


def _class_set_signals(
    place: str, part: EndedCases, baseline: ChampionReference
) -> Iterator[Signal]:
    covered = [
        part.classes[label] in named
        for label, named in zip(part.label.tolist(), part.frame["class_set"], strict=True)
    ]
    yield _coverage_signal(
        SignalKind.CLASS_SET, place, "class set", np.array(covered), baseline.coverage
    )


def _interval_signals(
    place: str, part: EndedCases, baseline: ChampionReference, fewest: int
) -> Iterator[Signal]:
    if len(baseline.levels) < 2:
        return
    low, high = (f"{level:g}" for level in (min(baseline.levels), max(baseline.levels)))
    measured = np.isfinite(part.target) & np.array([low in d for d in part.frame["delay_days"]])
    if measured.sum() < fewest:
        return
    known = part.take(measured)
    bounds = np.array([(d[low], d[high]) for d in known.frame["delay_days"]], dtype=np.float64)
    covered = (known.target >= bounds[:, 0]) & (known.target <= bounds[:, 1])
    stated = max(baseline.levels) - min(baseline.levels)
    yield _coverage_signal(SignalKind.INTERVAL, place, "delay interval", covered, stated)


def _coverage_signal(
    kind: SignalKind, place: str, subject: str, covered: Flags, stated: float
) -> Signal:
    hits, rows = int(covered.sum()), len(covered)
    low, high = wilson_interval_95(hits, rows)
    return Signal(
        kind,
        place,
        subject,
        rows,
        hits / rows,
        stated,
        max(stated - hits / rows, 0.0),
        binomial_lower_p_value(hits, rows, stated),
        figures={"low": low, "high": high},
    )
