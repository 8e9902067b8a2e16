"""Inner folds: each learns from what had matured before a stretch, and is scored on it.

All lie inside the window that tuning may see. What is reported later lies after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.folds import hashed
from models.groups import apart
from models.training_set import TrainingSet
from training.split import HELD_OUT, cut

FOLDS = 4
SCORED = 0.5
"""Share of the window's asks that is scored, in `FOLDS` stretches; the oldest only teach."""
FEWEST = 30
"""Asks to learn from, and to score, in a fold that tells anything."""


@dataclass(frozen=True)
class Fold:
    """Positions in the window: asks to learn from, and later ones to score."""

    before: NDArray[np.int64]
    within: NDArray[np.int64]


def window_of(everything: TrainingSet, until: np.datetime64 | None, seed: int) -> TrainingSet:
    """What tuning may see: asks of before `until` whose end was known by then.

    Only ends that a system recorded: trials are compared by plain figures, and what people
    looked at is a selection.

    until: datetime64[us]; None holds out the newest `HELD_OUT` of the asks. Of a set without
        dates that share of the groups is held out, by seeded hash.
    """
    everything = everything.take(everything.observed)
    if np.isnat(everything.asked_at).any():
        return everything.take(_place(everything, seed) < 1 - HELD_OUT)
    end = cut(everything, HELD_OUT) if until is None else until
    return everything.take((everything.asked_at < end) & (everything.matured_at <= end))


def inner_folds(window: TrainingSet, seed: int) -> tuple[Fold, ...]:
    """The folds of a window, oldest first; of a set without dates, groups by seeded hash.

    Raises:
        ValueError: when no fold has `FEWEST` asks on both sides.
    """
    undated = len(window) > 0 and bool(np.isnat(window.asked_at).any())
    found = _dealt(window, seed + 1) if undated else _rolling(window)
    telling = tuple(f for f in found if min(len(f.before), len(f.within)) >= FEWEST)
    if not telling:
        raise ValueError(
            f"{len(window)} asks with a matured label before the cut; tuning needs folds of at "
            f"least {FEWEST} asks to learn from and {FEWEST} later ones to score: give a later "
            "cut or a longer period"
        )
    return telling


def _rolling(window: TrainingSet) -> list[Fold]:
    """Stretches of equal numbers of asks, cut between two moments of asking."""
    if len(window) == 0:
        return []
    asked = window.asked_at
    places = len(window) * (1 - SCORED + SCORED * np.arange(FOLDS + 1) / FOLDS)
    edges = np.sort(asked)[np.minimum(places.astype(np.int64), len(window) - 1)]
    edges[-1] = asked.max() + np.timedelta64(1, "us")
    return [_fold(window, start, end) for start, end in pairwise(edges) if start < end]


def _fold(window: TrainingSet, start: np.datetime64, end: np.datetime64) -> Fold:
    """Labels that had matured teach (the embargo), and no group that is scored, if it can be.

    A standing group (a site-item asked every month) is in every fold; time alone keeps its
    outcomes apart.
    """
    within = (window.asked_at >= start) & (window.asked_at < end)
    before = (window.asked_at < start) & (window.matured_at <= start)
    before, _ = apart(window, before, within)
    return Fold(np.flatnonzero(before), np.flatnonzero(within))


def _dealt(window: TrainingSet, seed: int) -> list[Fold]:
    fold = np.minimum((_place(window, seed) * FOLDS).astype(np.int64), FOLDS - 1)
    return [Fold(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(FOLDS)]


def _place(asks: TrainingSet, seed: int) -> NDArray[np.float64]:
    """(n,) of each ask's group, where it stands between 0 and 1 in hash order."""
    names, member = np.unique(asks.group.astype(str), return_inverse=True)
    order = sorted(range(len(names)), key=lambda i: hashed(str(names[i]), seed))
    place = np.empty(len(names))
    place[order] = np.arange(len(names)) / max(len(names), 1)
    return np.asarray(place[member])
