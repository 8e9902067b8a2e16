"""Train and test splits of a backtest: at a cut in time, by second folder, or in grouped folds.

A folder a backtest, named by a digest of everything that its figures depend on. A fold is a
table of its asks with what was forecast of each, and its figures; the figures are written
last, and in one step, so a fold that is there is whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np

from models.training_set import TrainingSet
from training.backtest.protocols.protocol import BacktestProtocol, ProtocolData


@dataclass(frozen=True)
class ScoredPeriod:
    """Period that one fold scores, `[cut, until)`; None for undated sets."""

    name: str
    cut: date | None = None
    until: date | None = None

    def as_json(self) -> dict[str, str | None]:
        """Plain values."""
        days = {"cut": self.cut, "until": self.until}
        return {"name": self.name} | {k: None if d is None else str(d) for k, d in days.items()}

    @classmethod
    def of(cls, fields: Mapping[str, str | None]) -> ScoredPeriod:
        """A stretch from plain values."""
        cut, until = (date.fromisoformat(d) if (d := fields[k]) else None for k in ("cut", "until"))
        return cls(str(fields["name"]), cut, until)


MIN_TRAINING_ASKS = 50
DAY = np.timedelta64(1, "D")
MATURED_SHARE = 0.95
"""Share of the asks whose end is known after the time that is allowed for labels to mature."""


class BacktestError(ValueError):
    """A backtest that cannot be run as asked; says what, got, and the choices."""


@dataclass(frozen=True)
class TrainTestSplit:
    """Training asks, scored asks, and the number left out by reason."""

    training_asks: TrainingSet
    scored: TrainingSet
    excluded: Mapping[str, int]


def split_at_cut(
    protocol: BacktestProtocol, gathered: ProtocolData, cut: np.datetime64, until: np.datetime64
) -> TrainTestSplit:
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
    return _check_size(
        TrainTestSplit(evidence.take(taught), evidence.take(scored), excluded), cut, evidence
    )


def _check_size(trial: TrainTestSplit, cut: np.datetime64, evidence: TrainingSet) -> TrainTestSplit:
    day = np.datetime_as_string(cut, unit="D")
    span = asked_span(evidence)
    if len(trial.scored) == 0:
        raise BacktestError(f"no ask with a known end from {day} on; asks there are: {span}")
    if len(trial.training_asks) < MIN_TRAINING_ASKS:
        raise BacktestError(
            f"{len(trial.training_asks)} asks had ended by {day}, at least "
            f"{MIN_TRAINING_ASKS} are needed; "
            f"asks there are: {span}"
        )
    return trial


def split_second_folder(evidence: TrainingSet, scored: TrainingSet) -> TrainTestSplit:
    """Rows of a second folder scored; rows equal to one of them teach nothing."""
    shared = np.isin(evidence.group, scored.group)
    if len(scored) == 0 or (~shared).sum() < MIN_TRAINING_ASKS:
        raise BacktestError(
            f"{len(scored)} rows to score and {(~shared).sum()} others to learn from; at least "
            f"1 and {MIN_TRAINING_ASKS} are needed (equal rows are scored and teach nothing)"
        )
    excluded = {"taught_none_of_a_scored_group": int(shared.sum())}
    return TrainTestSplit(evidence.take(~shared), scored, excluded)


def grouped_folds(evidence: TrainingSet, folds: int, seed: int) -> list[TrainTestSplit]:
    """Folds of a set without dates: every ask is scored once, by what saw none of its group."""
    names, member = np.unique(evidence.group, return_inverse=True)
    if len(names) < max(MIN_TRAINING_ASKS, folds):
        raise BacktestError(
            f"{len(names)} different rows, {folds} folds take at least "
            f"{max(MIN_TRAINING_ASKS, folds)}; give more, or a second folder (--test-path) to score"
        )
    fold = (np.random.default_rng(seed).permutation(len(names)) % folds)[member]
    return [
        TrainTestSplit(evidence.take(fold != k), evidence.take(fold == k), {}) for k in range(folds)
    ]


def labels_complete_until(evidence: TrainingSet) -> np.datetime64:
    """The day up to which asks have their labels, exclusive; datetime64[D].

    Labels that come quickly are known up to the end of the data and others are not, so the
    newest asks with a label are the quick ones. They are left out: as many days as nearly all
    labels take (`MATURED_SHARE`) before the newest moment at which one became known.
    """
    if len(evidence) == 0:
        raise BacktestError("no ask has a label that matured; give a longer period")
    waits = (evidence.matured_at - evidence.asked_at).astype("timedelta64[us]").astype(np.int64)
    wait = np.timedelta64(int(np.quantile(waits, MATURED_SHARE)), "us")
    end = min(evidence.matured_at.max() - wait, evidence.asked_at.max())
    day, asked_at = end.astype("datetime64[D]"), evidence.asked_at
    half_known = (asked_at > end) & (asked_at < day + DAY)
    return np.datetime64(day if half_known.any() else day + DAY, "D")


def asked_span(evidence: TrainingSet) -> str:
    """First and last day of asking, in words."""
    if len(evidence) == 0:
        return "none"
    first, last = evidence.asked_at.min(), evidence.asked_at.max()
    return " .. ".join(str(np.datetime_as_string(m, unit="D")) for m in (first, last))


def midnight(day: date | None) -> np.datetime64:
    """Midnight of the day; None is the end of time."""
    return np.datetime64(day.isoformat() if day else "9999-12-31", "us")


SCORED_SHARE = 1 / 3
"""Share of the span of the asks that the stretches cover where their length is not given."""


@dataclass(frozen=True)
class RollingRequest:
    """Parameters of a rolling backtest; None is derived from the data."""

    folds: int
    until: date | None = None
    test_days: int | None = None

    def __post_init__(self) -> None:
        if self.folds < 1 or (self.test_days is not None and self.test_days < 1):
            raise BacktestError(
                f"folds {self.folds} and test days {self.test_days} must be at least 1"
            )


def scored_periods(
    protocol: BacktestProtocol, evidence: TrainingSet, request: RollingRequest
) -> tuple[ScoredPeriod, ...]:
    """Consecutive stretches, the last of which ends where labels are no longer complete."""
    if not protocol.dated:
        if request.until or request.test_days:
            raise BacktestError(f"{protocol.source} has no dates, so it takes no --until or days")
        if request.folds < 2:
            raise BacktestError(f"{protocol.source} has no dates, so it takes two folds or more")
        return tuple(ScoredPeriod(f"{k + 1}-of-{request.folds}") for k in range(request.folds))
    end: date = labels_complete_until(evidence).astype(object)
    end = min(end, request.until) if request.until else end
    first: date = evidence.asked_at.min().astype("datetime64[D]").astype(object)
    days = request.test_days or max(1, int((end - first).days * SCORED_SHARE / request.folds))
    cuts = [end - timedelta(days=days * back) for back in range(request.folds, -1, -1)]
    return tuple(ScoredPeriod(cut.isoformat(), cut, until) for cut, until in pairwise(cuts))


def split_for_period(
    protocol: BacktestProtocol,
    gathered: ProtocolData,
    stretch: ScoredPeriod,
    place: int,
    folds: int,
) -> TrainTestSplit:
    """Return the training and scored asks of a stretch; `place` counts stretches from 0."""
    if stretch.cut is None:
        return grouped_folds(gathered.evidence, folds, protocol.task.seed)[place]
    return split_at_cut(protocol, gathered, midnight(stretch.cut), midnight(stretch.until))
