"""Where the stretches of a rolling backtest begin and end, and what each learns from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from models.training_set import TrainingSet
from training.backtest_kept import Stretch
from training.backtest_trial import (
    BacktestError,
    Trial,
    complete_until,
    dealt,
    moment,
    trial_in_time,
)
from training.protocols.protocol import Gathered, Protocol

SHARE_TESTED = 1 / 3
"""Share of the span of the asks that the stretches cover where their length is not given."""


@dataclass(frozen=True)
class Asked:
    """What is asked of a rolling backtest; None is "as fits the data"."""

    folds: int
    until: date | None = None
    test_days: int | None = None

    def __post_init__(self) -> None:
        if self.folds < 1 or (self.test_days is not None and self.test_days < 1):
            raise BacktestError(
                f"folds {self.folds} and test days {self.test_days} must be at least 1"
            )


def stretches(protocol: Protocol, evidence: TrainingSet, asked: Asked) -> tuple[Stretch, ...]:
    """Consecutive stretches, the last of which ends where labels are no longer complete."""
    if not protocol.dated:
        if asked.until or asked.test_days:
            raise BacktestError(f"{protocol.source} has no dates, so it takes no --until or days")
        if asked.folds < 2:
            raise BacktestError(f"{protocol.source} has no dates, so it takes two folds or more")
        return tuple(Stretch(f"{k + 1}-of-{asked.folds}") for k in range(asked.folds))
    end: date = complete_until(evidence).astype(object)
    end = min(end, asked.until) if asked.until else end
    first: date = evidence.asked_at.min().astype("datetime64[D]").astype(object)
    days = asked.test_days or max(1, int((end - first).days * SHARE_TESTED / asked.folds))
    cuts = [end - timedelta(days=days * back) for back in range(asked.folds, -1, -1)]
    return tuple(Stretch(cut.isoformat(), cut, until) for cut, until in pairwise(cuts))


def trial_of(
    protocol: Protocol, gathered: Gathered, stretch: Stretch, place: int, folds: int
) -> Trial:
    """What the stretch learns from and scores; `place` counts the stretches from 0."""
    if stretch.cut is None:
        return dealt(gathered.evidence, folds, protocol.task.seed)[place]
    return trial_in_time(protocol, gathered, moment(stretch.cut), moment(stretch.until))
