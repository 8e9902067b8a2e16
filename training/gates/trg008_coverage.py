"""TRG008: class sets and intervals cover at the rate they state.

Overall, in each site, and for each true class where the sets promise a rate to each class.

Refused where the upper end of the interval of the measured coverage lies below the stated
rate less a slack. The interval knows two things that a plain one does not: the rate was set
on a calibration fold of limited size, so that the coverage of a sound set is itself drawn from
a beta distribution (Vovk 2012), and asks of a group are covered or missed together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import betabinom

from models.conformal.prediction_sets import CoverageScope, wilson_interval
from training.evaluation.statistics import Z_95, adjust_holm
from training.gates.gate import Candidate, Gate, GateResult, gate_result, not_applicable
from training.gates.segments import ALL_ASKS, candidate_segments

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class StatedCoverage:
    """Stated coverage.

    Attributes:
        rows: rows of the calibration fold that the rate was set on.
    """

    of: str
    rate: float
    rows: int


@dataclass(frozen=True)
class MeasuredCoverage:
    """Measured coverage in one segment; p_value: of "as often as stated"."""

    of: str
    part: str
    share: float
    high: float
    stated: float
    p_value: float

    def __str__(self) -> str:
        """The finding in words."""
        return (
            f"{self.of} cover {self.share:.1%} in {self.part} (up to {self.high:.1%} by "
            f"chance), stated are {self.stated:.0%}"
        )


def check(candidate: Candidate) -> GateResult:
    """Test the coverage of class sets and intervals in every segment."""
    coverages = _sets(candidate) + _intervals(candidate)
    if not coverages:
        return not_applicable(f"{len(candidate.measured)} measured asks are too few to judge")
    p_values = adjust_holm(np.array([one.p_value for one in coverages]))
    level = candidate.limits.level
    short = [one for one, p in zip(coverages, p_values, strict=True) if p < level]
    figures = {f"{one.of.split()[-1]} {one.part}": one.share for one in coverages}
    if short:
        sentence = "Covers less often than stated: " + "; ".join(map(str, short[:4]))
        return gate_result(refused=True, sentence=sentence, figures=figures)
    overall = [one for one in coverages if one.part == ALL_ASKS]
    sentence = "; ".join(map(str, overall)).capitalize()
    sentence += "; no site or class covers less often beyond chance and slack"
    return gate_result(refused=False, sentence=sentence, figures=figures)


def _sets(candidate: Candidate) -> list[MeasuredCoverage]:
    measured, conformal = candidate.measured, candidate.model.conformal
    rows = np.arange(len(measured))
    covered = candidate.answers.class_set[rows, measured.label]
    stated = StatedCoverage("class sets", conformal.coverage, conformal.rows)
    coverages = _of_parts(candidate, stated, covered, rows)
    if conformal.sets is CoverageScope.MONDRIAN:
        for k, name in enumerate(candidate.task.classes):
            own, ended = conformal.of_class[k], np.flatnonzero(measured.label == k)
            if own.promise is not None:
                of_class = StatedCoverage("class sets", own.promise, own.rows)
                coverages += _coverage(candidate, of_class, f"class {name}", covered, ended)
    return coverages


def _intervals(candidate: Candidate) -> list[MeasuredCoverage]:
    target, quantiles = candidate.measured.target, candidate.answers.quantiles
    if target is None or quantiles is None:
        return []
    levels = candidate.model.quantile_levels
    inside = (target >= quantiles[:, 0]) & (target <= quantiles[:, -1])
    stated = StatedCoverage("intervals", levels[-1] - levels[0], candidate.model.conformal.rows)
    return _of_parts(candidate, stated, inside, np.flatnonzero(np.isfinite(target)))


def _of_parts(
    candidate: Candidate, stated: StatedCoverage, covered: Flags, known: Ints
) -> list[MeasuredCoverage]:
    """Coverage overall and by site; known: asks of which it can be told."""
    return [
        one
        for part in candidate_segments(candidate.task, candidate.measured)
        if part.number is None
        for one in _coverage(
            candidate, stated, part.name, covered, np.intersect1d(part.rows, known)
        )
    ]


def _coverage(
    candidate: Candidate, stated: StatedCoverage, part: str, covered: Flags, rows: Ints
) -> list[MeasuredCoverage]:
    """Measure coverage on these rows; None where they hold too few groups."""
    limits, group = candidate.limits, candidate.measured.group[rows]
    if len(np.unique(group.astype(str))) < limits.fewest_groups:
        return []
    slack = limits.coverage_slack if part == ALL_ASKS else limits.part_coverage_slack
    share, apart = float(covered[rows].mean()), effective_sample_size(covered[rows], group)
    # The fold that the rate was set on held groups as well.
    past = stated.rows * apart / len(rows)
    high = wilson_interval(np.array([share * apart]), np.array([apart]), Z_95)[1][0]
    p_value = shortfall_p_value(share, apart, stated.rate - slack, past)
    return [MeasuredCoverage(stated.of, part, share, float(high), stated.rate, p_value)]


def effective_sample_size(covered: Flags, group: NDArray[Any]) -> float:
    """Return the number of independent asks these are worth: fewer where groups miss together."""
    rows, share = len(covered), float(covered.mean())
    if share in (0.0, 1.0):
        return float(len(np.unique(group.astype(str))))
    member = np.unique(group.astype(str), return_inverse=True)[1]
    off = np.bincount(member, weights=covered - share)
    groups = len(off)
    together = float((off**2).sum()) * groups / max(groups - 1, 1) / (rows * share * (1 - share))
    return rows / max(together, 1.0)


def shortfall_p_value(share: float, asks: float, stated: float, past: float) -> float:
    """Return the probability of so low a coverage if sets cover at the stated rate.

    Args:
        share: measured coverage.
        asks: number of independent asks measured on.
        stated: stated rate.
        past: number of independent asks that the rate was set on.
    """
    count = round(asks)
    return float(
        betabinom.cdf(round(share * count), count, (past + 1) * stated, (past + 1) * (1 - stated))
    )


GATE = Gate("TRG008", "sets and intervals cover as stated", check)
