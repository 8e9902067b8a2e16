"""Time-ordered folds for fitting, early stopping and calibration, with groups and embargo.

Two things are kept apart. A group's asks share one outcome, so a group lies in one fold.
And a label is of use only once it has matured, so an earlier fold ends early enough for
its labels to have been known when the next one starts (the embargo).
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.training_set import TrainingSet

Flags = NDArray[np.bool_]

RECURRING_SHARE = 0.5
# Standing groups span every fold; dropping them would drop the data. Time separates their
# outcomes, because labels mature before the next fold.
MOST_CROSSING_SHARE = 0.5


def drop_crossing_groups(training: TrainingSet, fold: Flags, later: Flags) -> tuple[Flags, bool]:
    """Return the fold without groups that go on into `later`, and whether they had to stay."""
    crossing = fold & np.isin(training.group, training.group[later])
    if crossing.sum() > MOST_CROSSING_SHARE * fold.sum() or has_recurring_groups(
        training.take(fold)
    ):
        return fold, True
    return fold & ~crossing, False


def has_recurring_groups(training: TrainingSet, share: float = RECURRING_SHARE) -> bool:
    """Return whether groups recur after an outcome, so that their asks do not share one."""
    asks = pd.DataFrame(
        {
            "group": training.group.astype(str),
            "asked": training.asked_at,
            "matured": training.matured_at,
        }
    )
    by_group = asks.groupby("group", sort=False)
    several = by_group.size() > 1
    again = (by_group["asked"].max() >= by_group["matured"].min())[several]
    return bool(len(again) and again.mean() > share)


Ints = NDArray[np.int64]

MOST_IMMATURE = 0.25  # a fold that would lose more to the embargo is better left whole
MOST_STOPPING_WINDOWS = 3
SMALL_SET_CELLS = (
    40_000  # rows times classes; beyond it one stop fold tells enough, and time is dear
)


@dataclass(frozen=True)
class Folds:
    """Positions of each fold in the training set.

    Attributes:
        dropped: positions between folds, in no fold.
        notes: sentences on steps that were not taken, and why.
    """

    fit: Ints
    stop: Ints
    calibration: Ints
    dropped: Ints
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class FoldShares:
    """Shares of the rows; what is left is for fitting."""

    stop: float = 0.12
    calibration: float = 0.18


@dataclass(frozen=True)
class StoppingWindow:
    """Positions to learn from, and later ones that decide when to stop."""

    before: Ints
    within: Ints


def split_folds(
    training: TrainingSet, shares: FoldShares, *, seed: int, embargo: bool = True
) -> Folds:
    """Split a training set into folds: by time where it has dates, else by hash of the group.

    Depends on the rows, not on their order.
    """
    moments = np.unique(training.asked_at[~np.isnat(training.asked_at)])
    if len(moments) < 3 or np.isnat(training.asked_at).any():
        return _by_hash(training.group, shares, seed)
    return _by_time(training, shares, embargo=embargo)


def _by_hash(group: NDArray[Any], shares: FoldShares, seed: int) -> Folds:
    names, member, sizes = np.unique(group.astype(str), return_inverse=True, return_counts=True)
    order = sorted(range(len(names)), key=lambda i: seeded_hash(str(names[i]), seed))
    done = np.empty(len(names))
    done[order] = (np.cumsum(sizes[order]) - sizes[order] / 2) / len(group)
    place = done[member]
    calibration = place >= 1 - shares.calibration
    stop = place >= 1 - shares.calibration - shares.stop
    return Folds(
        fit=np.flatnonzero(~stop),
        stop=np.flatnonzero(stop & ~calibration),
        calibration=np.flatnonzero(calibration),
        dropped=np.empty(0, dtype=np.int64),
        notes=("no dates: folds are whole groups by seeded hash, not by time",),
    )


def seeded_hash(name: str, seed: int) -> bytes:
    """Return a seeded hash of a group's name that is the same on every machine."""
    return blake2b(name.encode(), digest_size=8, key=seed.to_bytes(8, "little")).digest()


def _by_time(training: TrainingSet, shares: FoldShares, *, embargo: bool) -> Folds:
    asked = training.asked_at
    moments, counts = np.unique(asked, return_counts=True)
    before = (np.cumsum(counts) - counts) / len(asked)
    third = 2 + int(np.argmin(np.abs(before[2:] - (1 - shares.calibration))))
    second = 1 + int(np.argmin(np.abs(before[1:third] - (1 - shares.stop - shares.calibration))))
    stop_at, calibrate_at = moments[second], moments[third]
    calibration = asked >= calibrate_at
    stop = (asked >= stop_at) & ~calibration
    fit = asked < stop_at
    fit, of_fit = _separate_from_later(training, fit, stop | calibration, stop_at, embargo=embargo)
    stop, of_stop = _separate_from_later(training, stop, calibration, calibrate_at, embargo=embargo)
    return Folds(
        fit=np.flatnonzero(fit),
        stop=np.flatnonzero(stop),
        calibration=np.flatnonzero(calibration),
        dropped=np.flatnonzero(~(fit | stop | calibration)),
        notes=tuple([f"fit: {n}" for n in of_fit] + [f"stop: {n}" for n in of_stop]),
    )


def _separate_from_later(
    training: TrainingSet, fold: Flags, later: Flags, start: np.datetime64, *, embargo: bool
) -> tuple[Flags, list[str]]:
    """Return the fold without groups that reach into later folds and without immature labels."""
    fold, left_in = drop_crossing_groups(training, fold, later)
    notes = ["groups go on into later folds; kept apart by time alone"] if left_in else []
    immature = fold & (training.matured_at > start)
    if not embargo:
        return fold, notes
    if immature.sum() > MOST_IMMATURE * fold.sum():
        return fold, [*notes, f"no embargo, too many labels mature after {start}"]
    return fold & ~immature, notes


def stopping_windows(
    training: TrainingSet, folds: Folds, *, classes: int, seed: int, embargo: bool = True
) -> tuple[StoppingWindow, ...]:
    """Return the stop fold and, for small sets, earlier stretches of its size of the fit fold."""
    found = [StoppingWindow(folds.fit, folds.stop)]
    if len(folds.stop) == 0 or len(folds.fit) * classes > SMALL_SET_CELLS:
        return tuple(found)
    if np.isnat(training.asked_at).any():
        return tuple(found + _windows_by_hash(training, folds, seed))
    rest = np.isin(np.arange(len(training)), folds.fit)
    while len(found) < MOST_STOPPING_WINDOWS:
        asked = np.sort(training.asked_at[rest])
        start = asked[max(len(asked) - len(folds.stop), 0)]
        within = rest & (training.asked_at >= start)
        rest = rest & ~within
        before, _ = _separate_from_later(training, rest, within, start, embargo=embargo)
        if before.sum() < len(folds.fit) / 2:
            break
        found.append(StoppingWindow(np.flatnonzero(before), np.flatnonzero(within)))
    return tuple(found)


def _windows_by_hash(training: TrainingSet, folds: Folds, seed: int) -> list[StoppingWindow]:
    """Split the fit fold of an undated set by group, several times over."""
    found = []
    for again in range(1, MOST_STOPPING_WINDOWS):
        share = len(folds.stop) / len(folds.fit)
        dealt = _by_hash(training.group[folds.fit], FoldShares(0.0, min(share, 0.5)), seed + again)
        found.append(StoppingWindow(folds.fit[dealt.fit], folds.fit[dealt.calibration]))
    return found
