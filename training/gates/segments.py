"""Segments of the measured asks and log-loss comparisons of a candidate within each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.task import Task
from models.training_set import TrainingSet
from training.evaluation.statistics import (
    MeanDifference,
    adjust_holm,
    cluster_units,
    clustered_mean_difference,
)
from training.gates.gate import Candidate

ALL_ASKS = "all asks"
SMALLEST = 1e-15
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Segment:
    """A segment of the measured asks.

    A class is judged on all asks, as the event "it ended in this class": judged on the asks
    that did, the model that always names the class would be best.

    Attributes:
        rows: positions in the measured set.
        number: number of the class that is distinguished from the rest.
    """

    name: str
    rows: NDArray[np.int64]
    number: int | None = None

    def losses(self, probability: Floats, label: NDArray[np.int64]) -> Floats:
        """(rows,) minus log of the probability given to what happened."""
        rows, ended = probability[self.rows], label[self.rows]
        if self.number is None:
            of_outcome = rows[np.arange(len(ended)), ended]
        else:
            event = rows[:, self.number]
            of_outcome = np.where(ended == self.number, event, 1 - event)
        return np.asarray(-np.log(np.clip(of_outcome, SMALLEST, 1)))


def candidate_segments(task: Task, measured: TrainingSet) -> list[Segment]:
    """Return all asks first, then each site of several, then each class of more than two.

    A class that no measured ask ended in cannot be judged and is left out.
    """
    every = np.arange(len(measured))
    names = site_names(measured.site)
    segments = [Segment(ALL_ASKS, every)]
    if len(names) > 1:
        segments += [Segment(f"site {n}", np.flatnonzero(measured.site == n)) for n in names]
    if not task.binary:
        occurred = set(np.unique(measured.label).tolist())
        segments += [
            Segment(f"class {name}", every, k)
            for k, name in enumerate(task.classes)
            if k in occurred
        ]
    return segments


def is_large_enough(
    part: Segment, label: NDArray[np.int64], group: NDArray[Any], fewest: int
) -> bool:
    """Return whether a segment has enough groups and, for a class, enough that ended in it."""
    groups = group[part.rows].astype(str)
    if part.number is not None:
        ended = label[part.rows] == part.number
        return min(_group_count(groups[ended]), _group_count(groups[~ended])) >= fewest
    return _group_count(groups) >= fewest


def site_names(site: NDArray[Any]) -> list[Any]:
    """The sites there are, in order; rows without one are in none."""
    return sorted({name for name in site.tolist() if name is not None and name == name})  # noqa: PLR0124


def _group_count(groups: NDArray[Any]) -> int:
    return len(np.unique(groups))


def join_names(names: list[str], most: int = 4) -> str:
    """Names in a sentence; of many the first few and how many more there are."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def shared_outcomes(measured: TrainingSet) -> NDArray[np.int64]:
    """(n,) asks of a group whose labels mature at one moment end alike: they share a number."""
    group = np.unique(measured.group.astype(str), return_inverse=True)[1].astype(np.int64)
    moment = np.unique(measured.matured_at.astype(np.int64), return_inverse=True)[1]
    pair = group * (int(moment.max(initial=0)) + 1) + moment
    return np.asarray(np.unique(pair, return_inverse=True)[1], dtype=np.int64)


@dataclass(frozen=True)
class LogLossComparison:
    """The candidate's log-loss less another's in one part; above 0 the candidate is worse.

    worse: p-value of "not worse", corrected for the number of parts and others compared.
    """

    other: str
    part: Segment
    loss: float
    other_loss: float
    found: MeanDifference
    worse: float = 1.0

    def __str__(self) -> str:
        """The finding in words."""
        return (
            f"{self.part.name}: log-loss {self.loss:.3f} against {self.other_loss:.3f} of "
            f"{self.other} (difference {self.found.mean:+.3f}, {self.found.low:+.3f} to "
            f"{self.found.high:+.3f})"
        )


@dataclass(frozen=True)
class ComparisonResult:
    """Comparisons with each other model.

    Attributes:
        overall: one comparison per other model.
        within: comparisons in sites and classes.
        skipped: segments that are too small.
    """

    overall: list[LogLossComparison]
    within: list[LogLossComparison]
    skipped: list[str]


def compare_log_loss(candidate: Candidate, others: Mapping[str, Floats]) -> ComparisonResult:
    """Log-loss of the candidate against probabilities (n, K) of others, by name."""
    measured, limits = candidate.measured, candidate.limits
    every = candidate_segments(candidate.task, measured)
    fewest = limits.fewest_groups
    judged = [p for p in every if is_large_enough(p, measured.label, measured.group, fewest)]
    comparisons = [
        _compare_segment(candidate, p, name, probability)
        for p in judged
        for name, probability in others.items()
    ]
    corrected = adjust_holm(np.array([one.found.above for one in comparisons]))
    comparisons = [
        LogLossComparison(c.other, c.part, c.loss, c.other_loss, c.found, float(p))
        for c, p in zip(comparisons, corrected, strict=True)
    ]
    return ComparisonResult(
        overall=[c for c in comparisons if c.part.name == ALL_ASKS],
        within=[c for c in comparisons if c.part.name != ALL_ASKS],
        skipped=[p.name for p in every if p not in judged],
    )


def _compare_segment(
    candidate: Candidate, part: Segment, name: str, probability: Floats
) -> LogLossComparison:
    measured, limits = candidate.measured, candidate.limits
    own = part.losses(candidate.answers.probability, measured.label)
    its = part.losses(probability, measured.label)
    apart = cluster_units(measured.group[part.rows], measured.asked_at[part.rows])
    difference = clustered_mean_difference(own - its, apart, limits.seed, limits.resamples)
    return LogLossComparison(name, part, float(own.mean()), float(its.mean()), difference)


def skipped_note(skipped: list[str]) -> str:
    """Return the end of a sentence that names the segments not judged."""
    return f"; too small to judge: {', '.join(skipped)}" if skipped else ""
