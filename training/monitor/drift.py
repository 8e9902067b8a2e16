"""Drift of inputs and scores: each feature at each site against the same site in training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.feature_spec import FeatureSpec
from training.monitor.baseline import Baseline, Place
from training.monitor.chance import gap_chance, two_shares
from training.monitor.limits import Limits
from training.monitor.shape import Gap, Numbers, Shape, Values
from training.monitor.signal import EVERYWHERE, Kind, Signal
from training.monitor.window import Window

FEWEST_VALUES = 10
WIDER = 0.25


def drift(baseline: Baseline, window: Window, limits: Limits) -> list[Signal]:
    """Signals of inputs and scores at every place that can be judged."""
    return [
        signal
        for name, part in judged(baseline, window, limits)
        for signal in (
            *_score(name, part, baseline.places[name]),
            *(s for spec in baseline.specs for s in _feature(name, spec, part, baseline)),
        )
    ]


def judged(baseline: Baseline, window: Window, limits: Limits) -> list[tuple[str, Window]]:
    """Places with a reference and enough cases, and their recommendations."""
    parts = ((name, window.at(name)) for name in (EVERYWHERE, *window.sites))
    return [
        (name, part)
        for name, part in parts
        if name in baseline.places and len(part) >= limits.fewest_rows
    ]


def shift_chance(shape: Shape, gap: Gap, worth: float) -> float:
    """Chance of such a gap among cases worth so many, in a month as far off as usual."""
    if isinstance(shape, Numbers):
        return gap_chance(beyond(shape, gap), worth, shape.seen)
    # The least of one exact test a value, times the number of values (Bonferroni).
    bins, away = len(gap.found), gap.found - gap.expected
    found = gap.expected + np.sign(away) * np.maximum(np.abs(away) - shape.usual_gap, 0.0)
    then = gap.expected * shape.seen
    each = two_shares(found * worth, np.full(bins, worth), then, np.full(bins, shape.seen))
    return float(min(1.0, bins * each.min()))


def beyond(shape: Shape, gap: Gap) -> float:
    """The gap beyond what single months of the reference showed."""
    return max(gap.gap - shape.usual_gap, 0.0)


def _score(place: str, part: Window, reference: Place) -> Iterator[Signal]:
    if reference.score is None or not len(part):
        return
    yield _shift(Kind.SCORE, place, "score", part.score, part, reference.score)


def _feature(place: str, spec: FeatureSpec, part: Window, baseline: Baseline) -> Iterator[Signal]:
    shape, column = baseline.places[place].inputs[spec.name], part.columns[spec.name]
    there = np.isfinite(column) if isinstance(shape, Numbers) else column != None  # noqa: E711
    usual = max(shape.missing, shape.usual_missing)
    yield _share(Kind.MISSING, place, spec, part, ~there, usual, shape.rows)
    if isinstance(shape, Numbers):
        yield _far(place, spec, part, shape)
        comparable = len(shape.at) > 0
    else:
        unseen = np.array([spec.name in names for names in part.frame["unseen"]], dtype=bool)
        yield _share(Kind.UNSEEN, place, spec, part, unseen, 0.0, shape.rows)
        comparable = bool(shape.shares)
    if comparable and there.sum() >= FEWEST_VALUES:
        yield _shift(Kind.SHIFT, place, spec.name, column[there], part, shape)


def _shift(
    kind: Kind, place: str, subject: str, values: NDArray[Any], part: Window, shape: Shape
) -> Signal:
    worth = len(values) * part.cases / len(part)
    found = expected = float("nan")
    if isinstance(shape, Numbers):
        worth = min(worth, shape.effective(values))
        found, expected = float(np.median(values)), float(shape.quantile(np.array([0.5]))[0])
    gap = shape.gap(values, worth)
    if isinstance(shape, Values):
        most = int(np.argmax(np.abs(gap.found - gap.expected)))
        found, expected = float(gap.found[most]), float(gap.expected[most])
    return Signal(
        kind,
        place,
        subject,
        len(values),
        found,
        expected,
        beyond(shape, gap),
        shift_chance(shape, gap, worth),
        figures={
            "psi": gap.psi,
            "psi_bound": gap.psi_bound,
            "ks": gap.gap,
            "usual": shape.usual_gap,
            "worth": worth,
        },
        value=str(gap.at) if isinstance(shape, Values) else "",
    )


def _share(
    kind: Kind,
    place: str,
    spec: FeatureSpec,
    part: Window,
    marked: NDArray[np.bool_],
    expected: float,
    rows: int,
    worth: float | None = None,
) -> Signal:
    found, worth = float(marked.mean()), worth or part.cases
    chance = 1.0  # fewer gaps than in training are no trouble
    if found > expected:
        chance = float(two_shares(found * worth, worth, expected * rows, rows))
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


def _far(place: str, spec: FeatureSpec, part: Window, shape: Numbers) -> Signal:
    """Values far outside: beyond the range of training by more than WIDER of its width."""
    column = part.columns[spec.name]
    low = -np.inf if spec.low is None else spec.low
    high = np.inf if spec.high is None else spec.high
    spare = WIDER * (high - low) if np.isfinite(high - low) else 0.0
    far = (column < low - spare) | (column > high + spare)
    worth = min(part.cases, shape.effective(column[np.isfinite(column)]) or 1.0)
    once = 1.0 / shape.rows
    return _share(Kind.OUTSIDE, place, spec, part, far, once, shape.rows, worth)
