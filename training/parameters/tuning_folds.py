"""Rolling folds inside the training window, on which trials are compared.

All lie inside the window that tuning may see. What is reported later lies after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.folds import drop_crossing_groups, seeded_hash
from models.training_set import TrainingSet
from training.dataset.holdout import HELD_OUT, holdout_start

FOLDS = 4
SCORED_SHARE = 0.5
"""Share of the window's asks that is scored, in `FOLDS` stretches; the oldest only teach."""
MIN_ASKS = 30
"""Asks to learn from, and to score, in a fold that tells anything."""


@dataclass(frozen=True)
class TuningFold:
    """Positions in the window: asks to learn from, and later ones to score."""

    before: NDArray[np.int64]
    within: NDArray[np.int64]


def tuning_window(everything: TrainingSet, until: np.datetime64 | None, seed: int) -> TrainingSet:
    """Return the asks that tuning may see: before `until`, with an outcome known by then.

    Only ends that a system recorded: trials are compared by plain figures, and what people
    looked at is a selection.

    until: datetime64[us]; None holds out the newest `HELD_OUT` of the asks. Of a set without
        dates that share of the groups is held out, by seeded hash.
    """
    everything = everything.take(everything.observed)
    if np.isnat(everything.asked_at).any():
        return everything.take(_hash_position(everything, seed) < 1 - HELD_OUT)
    end = holdout_start(everything, HELD_OUT) if until is None else until
    return everything.take((everything.asked_at < end) & (everything.matured_at <= end))


def tuning_folds(window: TrainingSet, seed: int) -> tuple[TuningFold, ...]:
    """The folds of a window, oldest first; of a set without dates, groups by seeded hash.

    Raises:
        ValueError: when no fold has `MIN_ASKS` asks on both sides.
    """
    undated = len(window) > 0 and bool(np.isnat(window.asked_at).any())
    folds = _hashed_folds(window, seed + 1) if undated else _rolling_folds(window)
    telling = tuple(f for f in folds if min(len(f.before), len(f.within)) >= MIN_ASKS)
    if not telling:
        raise ValueError(
            f"{len(window)} asks with a matured label before the cut; tuning needs folds of at "
            f"least {MIN_ASKS} asks to learn from and {MIN_ASKS} later ones to score: give a later "
            "cut or a longer period"
        )
    return telling


def _rolling_folds(window: TrainingSet) -> list[TuningFold]:
    """Stretches of equal numbers of asks, cut between two moments of asking."""
    if len(window) == 0:
        return []
    asked_at = window.asked_at
    places = len(window) * (1 - SCORED_SHARE + SCORED_SHARE * np.arange(FOLDS + 1) / FOLDS)
    edges = np.sort(asked_at)[np.minimum(places.astype(np.int64), len(window) - 1)]
    edges[-1] = asked_at.max() + np.timedelta64(1, "us")
    return [_fold(window, start, end) for start, end in pairwise(edges) if start < end]


def _fold(window: TrainingSet, start: np.datetime64, end: np.datetime64) -> TuningFold:
    """Labels that had matured teach (the embargo), and no group that is scored, if it can be.

    A standing group (a site-item asked every month) is in every fold; time alone keeps its
    outcomes apart.
    """
    within = (window.asked_at >= start) & (window.asked_at < end)
    before = (window.asked_at < start) & (window.matured_at <= start)
    before, _ = drop_crossing_groups(window, before, within)
    return TuningFold(np.flatnonzero(before), np.flatnonzero(within))


def _hashed_folds(window: TrainingSet, seed: int) -> list[TuningFold]:
    fold = np.minimum((_hash_position(window, seed) * FOLDS).astype(np.int64), FOLDS - 1)
    return [TuningFold(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(FOLDS)]


def _hash_position(asks: TrainingSet, seed: int) -> NDArray[np.float64]:
    """(n,) of each ask's group, where it stands between 0 and 1 in hash order."""
    names, member = np.unique(asks.group.astype(str), return_inverse=True)
    order = sorted(range(len(names)), key=lambda i: seeded_hash(str(names[i]), seed))
    place = np.empty(len(names))
    place[order] = np.arange(len(names)) / max(len(names), 1)
    return np.asarray(place[member])
