"""What one stretch of a backtest learns from and what it scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from models.training_set import TrainingSet
from training.protocols.protocol import Gathered, Protocol

FEWEST_TAUGHT = 50
DAY = np.timedelta64(1, "D")
WAIT = 0.95
"""Share of the asks whose end is known after the time that is allowed for labels to mature."""


class BacktestError(ValueError):
    """A backtest that cannot be run as asked; says what, got, and the choices."""


@dataclass(frozen=True)
class Trial:
    """Asks to learn from, asks to score, and how many were left out for which reason."""

    taught: TrainingSet
    scored: TrainingSet
    excluded: Mapping[str, int]


def trial_in_time(
    protocol: Protocol, gathered: Gathered, cut: np.datetime64, until: np.datetime64
) -> Trial:
    """The asks known to have ended by the cut, and those asked in [cut, until).

    What teaches had ended when the first scored ask was put, so no label of theirs looks
    into the stretch that is scored; that gap is the embargo.
    """
    evidence = gathered.evidence
    scored = (evidence.asked_at >= cut) & (evidence.asked_at < until)
    taught = (evidence.matured_at <= cut) & (evidence.asked_at < cut)
    shared = taught & np.isin(evidence.group, evidence.group[scored])
    if protocol.apart:
        taught &= ~shared
    open_ended = (gathered.unlabelled >= cut) & (gathered.unlabelled < until)
    excluded = {
        "end_not_known": int(open_ended.sum()),
        "asked_before_cut_and_known_after": int(
            ((evidence.asked_at < cut) & (evidence.matured_at > cut)).sum()
        ),
        "taught_none_of_a_scored_group": int(shared.sum()) if protocol.apart else 0,
    }
    return _enough(Trial(evidence.take(taught), evidence.take(scored), excluded), cut, evidence)


def _enough(trial: Trial, cut: np.datetime64, evidence: TrainingSet) -> Trial:
    day = np.datetime_as_string(cut, unit="D")
    span = span_of(evidence)
    if len(trial.scored) == 0:
        raise BacktestError(f"no ask with a known end from {day} on; asks there are: {span}")
    if len(trial.taught) < FEWEST_TAUGHT:
        raise BacktestError(
            f"{len(trial.taught)} asks had ended by {day}, at least {FEWEST_TAUGHT} are needed; "
            f"asks there are: {span}"
        )
    return trial


def trial_of_two(evidence: TrainingSet, scored: TrainingSet) -> Trial:
    """Rows of a second folder scored; rows equal to one of them teach nothing."""
    shared = np.isin(evidence.group, scored.group)
    if len(scored) == 0 or (~shared).sum() < FEWEST_TAUGHT:
        raise BacktestError(
            f"{len(scored)} rows to score and {(~shared).sum()} others to learn from; at least "
            f"1 and {FEWEST_TAUGHT} are needed (equal rows are scored and teach nothing)"
        )
    excluded = {"taught_none_of_a_scored_group": int(shared.sum())}
    return Trial(evidence.take(~shared), scored, excluded)


def dealt(evidence: TrainingSet, folds: int, seed: int) -> list[Trial]:
    """Folds of a set without dates: every ask is scored once, by what saw none of its group."""
    names, member = np.unique(evidence.group, return_inverse=True)
    if len(names) < max(FEWEST_TAUGHT, folds):
        raise BacktestError(
            f"{len(names)} different rows, {folds} folds take at least "
            f"{max(FEWEST_TAUGHT, folds)}; give more, or a second folder (--test-path) to score"
        )
    fold = (np.random.default_rng(seed).permutation(len(names)) % folds)[member]
    return [Trial(evidence.take(fold != k), evidence.take(fold == k), {}) for k in range(folds)]


def complete_until(evidence: TrainingSet) -> np.datetime64:
    """The day up to which asks have their labels, exclusive; datetime64[D].

    Labels that come quickly are known up to the end of the data and others are not, so the
    newest asks with a label are the quick ones. They are left out: as many days as nearly all
    labels take (`WAIT`) before the newest moment at which one became known.
    """
    if len(evidence) == 0:
        raise BacktestError("no ask has a label that matured; give a longer period")
    waits = (evidence.matured_at - evidence.asked_at).astype("timedelta64[us]").astype(np.int64)
    wait = np.timedelta64(int(np.quantile(waits, WAIT)), "us")
    end = min(evidence.matured_at.max() - wait, evidence.asked_at.max())
    day, asked = end.astype("datetime64[D]"), evidence.asked_at
    half_known = (asked > end) & (asked < day + DAY)
    return np.datetime64(day if half_known.any() else day + DAY, "D")


def span_of(evidence: TrainingSet) -> str:
    """First and last day of asking, in words."""
    if len(evidence) == 0:
        return "none"
    first, last = evidence.asked_at.min(), evidence.asked_at.max()
    return " .. ".join(str(np.datetime_as_string(m, unit="D")) for m in (first, last))


def moment(day: date | None) -> np.datetime64:
    """Midnight of the day; None is the end of time."""
    return np.datetime64(day.isoformat() if day else "9999-12-31", "us")
