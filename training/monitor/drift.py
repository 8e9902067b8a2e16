"""Drift of inputs and scores: each feature at each site against the same site in training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.encoding.feature_spec import FeatureSpec
from training.evaluation.statistics import dkw_p_value, fisher_exact_p_values
from training.monitor.distributions import (
    CategoricalDistribution,
    Distribution,
    DistributionGap,
    NumericDistribution,
)
from training.monitor.reference import ChampionReference, SiteReference
from training.monitor.signals import ALL_SITES, MonitorThresholds, Signal, SignalKind
from training.monitor.window import RecommendationWindow

MIN_VALUES = 10
OUTSIDE_RANGE_MARGIN = 0.25


def drift_signals(
    baseline: ChampionReference, window: RecommendationWindow, limits: MonitorThresholds
) -> list[Signal]:
    """Signals of inputs and scores at every place that can be judged."""
    return [
        signal
        for name, part in comparable_sites(baseline, window, limits)
        for signal in (
            *_score_signals(name, part, baseline.places[name]),
            *(s for spec in baseline.specs for s in _feature_signals(name, spec, part, baseline)),
        )
    ]


def comparable_sites(
    baseline: ChampionReference, window: RecommendationWindow, limits: MonitorThresholds
) -> list[tuple[str, RecommendationWindow]]:
    """Places with a reference and enough cases, and their recommendations."""
    parts = ((name, window.at(name)) for name in (ALL_SITES, *window.sites))
    return [
        (name, part)
        for name, part in parts
        if name in baseline.places and len(part) >= limits.min_rows
    ]


def shift_p_value(shape: Distribution, gap: DistributionGap, worth: float) -> float:
    """Chance of such a gap among cases worth so many, in a month as far off as usual."""
    if isinstance(shape, NumericDistribution):
        return dkw_p_value(excess_gap(shape, gap), worth, shape.seen)
    # The least of one exact test a value, times the number of values (Bonferroni).
    bins, difference = len(gap.found), gap.found - gap.expected
    found = gap.expected + np.sign(difference) * np.maximum(
        np.abs(difference) - shape.usual_gap, 0.0
    )
    then = gap.expected * shape.seen
    each = fisher_exact_p_values(
        found * worth, np.full(bins, worth), then, np.full(bins, shape.seen)
    )
    return float(min(1.0, bins * each.min()))


def excess_gap(shape: Distribution, gap: DistributionGap) -> float:
    """The gap beyond what single months of the reference showed."""
    return max(gap.gap - shape.usual_gap, 0.0)


def _score_signals(
    place: str, part: RecommendationWindow, reference: SiteReference
) -> Iterator[Signal]:
    if reference.score is None or not len(part):
        return
    yield _shift_signal(SignalKind.SCORE, place, "score", part.score, part, reference.score)


def _feature_signals(
    place: str, spec: FeatureSpec, part: RecommendationWindow, baseline: ChampionReference
) -> Iterator[Signal]:
    shape, column = baseline.places[place].inputs[spec.name], part.columns[spec.name]
    there = np.isfinite(column) if isinstance(shape, NumericDistribution) else column != None  # noqa: E711
    usual = max(shape.missing, shape.usual_missing)
    yield _share_signal(SignalKind.MISSING, place, spec, part, ~there, usual, shape.rows)
    if isinstance(shape, NumericDistribution):
        yield _outside_range_signal(place, spec, part, shape)
        comparable = len(shape.at) > 0
    else:
        unseen = np.array([spec.name in names for names in part.frame["unseen"]], dtype=bool)
        yield _share_signal(SignalKind.UNSEEN, place, spec, part, unseen, 0.0, shape.rows)
        comparable = bool(shape.shares)
    if comparable and there.sum() >= MIN_VALUES:
        yield _shift_signal(SignalKind.SHIFT, place, spec.name, column[there], part, shape)


def _shift_signal(
    kind: SignalKind,
    place: str,
    subject: str,
    values: NDArray[Any],
    part: RecommendationWindow,
    shape: Distribution,
) -> Signal:
    worth = len(values) * part.cases / len(part)
    found = expected = float("nan")
    if isinstance(shape, NumericDistribution):
        worth = min(worth, shape.effective(values))
        found, expected = float(np.median(values)), float(shape.quantile(np.array([0.5]))[0])
    gap = shape.gap(values, worth)
    if isinstance(shape, CategoricalDistribution):
        most = int(np.argmax(np.abs(gap.found - gap.expected)))
        found, expected = float(gap.found[most]), float(gap.expected[most])
    return Signal(
        kind,
        place,
        subject,
        len(values),
        found,
        expected,
        excess_gap(shape, gap),
        shift_p_value(shape, gap, worth),
        figures={
            "psi": gap.psi,
            "psi_bound": gap.psi_bound,
            "ks": gap.gap,
            "usual": shape.usual_gap,
            "worth": worth,
        },
        value=str(gap.at) if isinstance(shape, CategoricalDistribution) else "",
    )


def _share_signal(
    kind: SignalKind,
    place: str,
    spec: FeatureSpec,
    part: RecommendationWindow,
    marked: NDArray[np.bool_],
    expected: float,
    rows: int,
    worth: float | None = None,
) -> Signal:
    found, worth = float(marked.mean()), worth or part.cases
    chance = 1.0  # fewer gaps than in training are no trouble
    if found > expected:
        chance = float(fisher_exact_p_values(found * worth, worth, expected * rows, rows))
    return Signal(
        kind,
        place,
        spec.name,
        len(part),
        found,
        expected,
        max(found - expected, 0.0),
        chance,
        figures={"worth": worth},
    )


def _outside_range_signal(
    place: str, spec: FeatureSpec, part: RecommendationWindow, shape: NumericDistribution
) -> Signal:
    """Values far outside: beyond the range of training by more than WIDER of its width."""
    column = part.columns[spec.name]
    low = -np.inf if spec.low is None else spec.low
    high = np.inf if spec.high is None else spec.high
    spare = OUTSIDE_RANGE_MARGIN * (high - low) if np.isfinite(high - low) else 0.0
    far = (column < low - spare) | (column > high + spare)
    worth = min(part.cases, shape.effective(column[np.isfinite(column)]) or 1.0)
    once = 1.0 / shape.rows
    return _share_signal(SignalKind.OUTSIDE, place, spec, part, far, once, shape.rows, worth)
