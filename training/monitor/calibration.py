"""Calibration drift: did what was stated come true, of the cases that have ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from training.monitor.baseline import Baseline
from training.monitor.chance import calibration_gap, stated_chance
from training.monitor.limits import Limits
from training.monitor.outcomes import LABEL, MATURED_AT, RECOMMENDATION_ID, TARGET
from training.monitor.signal import EVERYWHERE, Kind, Signal

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

ANY_EXCEPTION = "any exception"
SEED = 17
SMALLEST = 1e-15
FEWEST_EXPECTED = 1.0
DOUBLED = 0.1
"""Scale on which a rare class that comes twice as often as stated is worth five points."""


@dataclass(frozen=True, eq=False)
class Ended:
    """n cases that have ended, each once: the last recommendation of it that matured.

    probability: (n, K) as stated. label: (n,). target: (n,) NaN where none. frame: their
    recommendations.
    """

    frame: pd.DataFrame
    classes: tuple[str, ...]
    probability: Floats
    label: Ints
    target: Floats

    @classmethod
    def of(cls, recommendations: pd.DataFrame, found: pd.DataFrame, baseline: Baseline) -> Ended:
        """The recommendations that have an outcome."""
        joined = recommendations.merge(
            found[[RECOMMENDATION_ID, LABEL, TARGET, MATURED_AT]],
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

    def take(self, keep: Flags) -> Ended:
        """Those where `keep` is true."""
        frame = self.frame[keep].reset_index(drop=True)
        cut = (self.probability[keep], self.label[keep], self.target[keep])
        return Ended(frame, self.classes, *cut)

    def at(self, place: str) -> Ended:
        """Those of a site, or all."""
        return self if place == EVERYWHERE else self.take(np.asarray(self.site == place))

    def places(self, fewest: int) -> Iterator[tuple[str, Ended]]:
        """Everywhere and the sites with so many cases or more."""
        for name in (EVERYWHERE, *self.sites):
            part = self.at(name)
            if len(part) >= fewest:
                yield name, part


def calibration(ended: Ended, limits: Limits) -> list[Signal]:
    """Stated against observed by class and site; calibration error; log-loss against shares."""
    return [
        signal
        for place, part in ended.places(limits.fewest_rows)
        for signal in (*_levels(place, part), *_spread(place, part), *_skill(place, part))
    ]


def _levels(place: str, part: Ended) -> Iterator[Signal]:
    """In the large: how many were expected and how many came, of each class."""
    classes = list(enumerate(part.classes))[1:]
    if len(classes) > 1:
        anything = np.minimum(part.probability[:, 1:].sum(axis=1), 1.0)
        yield _level(place, ANY_EXCEPTION, anything, part.label > 0)
    if place == EVERYWHERE or len(classes) == 1:
        for number, name in classes:
            hit = part.label == number
            stated = part.probability[:, number]
            if max(hit.sum(), stated.sum()) >= FEWEST_EXPECTED:
                yield _level(place, name, stated, hit)


def _level(place: str, name: str, stated: Floats, hit: Flags) -> Signal:
    expected, found = float(stated.mean()), float(hit.mean())
    away = abs(found - expected)
    return Signal(
        Kind.LEVEL,
        place,
        name,
        len(hit),
        found,
        expected,
        max(away, DOUBLED * away / max(found, expected, SMALLEST)),
        stated_chance(stated, int(hit.sum())),
        figures={"stated": float(stated.sum()), "came": float(hit.sum())},
    )


def _spread(place: str, part: Ended) -> Iterator[Signal]:
    hit = np.asarray(part.label == part.explained)
    error, chance = calibration_gap(part.score, hit, SEED)
    yield Signal(Kind.SPREAD, place, "score", len(part), error, 0.0, error, chance)


def _skill(place: str, part: Ended) -> Iterator[Signal]:
    """Log-loss beyond that of the very shares in which these cases ended."""
    if place != EVERYWHERE or len(np.unique(part.label)) < 2:
        return
    rows = np.arange(len(part))
    model = -np.log(np.clip(part.probability[rows, part.label], SMALLEST, 1.0))
    shares = np.bincount(part.label, minlength=len(part.classes)) / len(part)
    rule = -np.log(shares[part.label])
    worse = model - rule
    spread = float(worse.std(ddof=1)) / float(np.sqrt(len(part)))
    chance = float(norm.sf(worse.mean() / spread)) if spread > 0 else 1.0
    yield Signal(
        Kind.SKILL,
        place,
        "log-loss",
        len(part),
        float(model.mean()),
        float(rule.mean()),
        max(float(worse.mean()), 0.0),
        chance,
    )
