"""TRG007: probabilities mean what they say, overall, in each site and for each class.

The expected calibration error is never 0, even of true probabilities: it is held against what
chance alone would give with these probabilities and so many asks (drawn, asks that end alike
drawn together), plus a slack. A class that comes once in a hundred has a slack of half of
that: a rate may be misstated by half, not by its multiple.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.evaluation.metrics import calibration_error
from training.evaluation.segment_figures import (
    PerAskScores,
    calibration_errors_by_chance,
    scores_for_class,
    scores_for_task,
)
from training.evaluation.statistics import adjust_holm
from training.gates.gate import Candidate, Gate, GateResult, gate_result, not_applicable
from training.gates.segments import (
    ALL_ASKS,
    Segment,
    candidate_segments,
    is_large_enough,
    shared_outcomes,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CalibrationGap:
    """Calibration error of one segment.

    Attributes:
        error: expected calibration error.
        by_chance: 95 % quantile of the error by chance alone.
        p_value: p-value of "no more than slack and chance".
    """

    part: str
    error: float
    by_chance: float
    slack: float
    p_value: float

    def __str__(self) -> str:
        """The finding in words."""
        return (
            f"{self.part}: {self.error:.3f} (chance gives up to {self.by_chance:.3f}, "
            f"{self.slack:.3f} more is allowed)"
        )


def check(candidate: Candidate) -> GateResult:
    """Test the calibration error of every segment against chance and slack."""
    measured, limits = candidate.measured, candidate.limits
    every = candidate_segments(candidate.task, measured)
    segments = [
        part
        for part in every
        if is_large_enough(part, measured.label, measured.group, limits.fewest_groups)
    ]
    if not segments:
        return not_applicable(f"{len(measured)} measured asks are too few to judge")
    errors = [_error(candidate, part) for part in segments]
    p_values = adjust_holm(np.array([one.p_value for one in errors]))
    off = [one for one, p in zip(errors, p_values, strict=True) if p < limits.level]
    overall = errors[0]
    worst = max(errors, key=lambda one: one.error - one.slack - one.by_chance)
    figures = {
        "ece": overall.error,
        "by_chance": overall.by_chance,
        "worst": worst.error,
        "off": float(len(off)),
    }
    sentence = f"Calibration error of {overall}"
    if off:
        named = "; ".join(map(str, sorted(off, key=lambda one: -one.error)[:3]))
        sentence = f"Stated and actual shares are further apart than chance and slack in {named}"
    elif len(errors) > 1:
        sentence += f"; no site or class is further off, nearest is {worst}"
    skipped = [part.name for part in every if part not in segments]
    sentence += f"; too small to judge: {', '.join(skipped)}" if skipped else ""
    return gate_result(refused=bool(off), sentence=sentence, figures=figures)


def _error(candidate: Candidate, part: Segment) -> CalibrationGap:
    measured, limits = candidate.measured, candidate.limits
    label, probability = measured.label[part.rows], candidate.answers.probability[part.rows]
    scores: PerAskScores
    if part.number is None:
        scores = scores_for_task(label, probability)
    else:
        scores = scores_for_class(label, probability, part.number)
    truth = scores.right.astype(np.float64)
    error = calibration_error(truth, scores.sure)(np.ones(len(truth)))
    outcome = np.unique(shared_outcomes(measured)[part.rows], return_inverse=True)[1].astype(
        np.int64
    )
    by_chance = calibration_errors_by_chance(scores.sure, outcome, limits.seed, limits.simulations)
    slack = limits.calibration_slack if part.name == ALL_ASKS else limits.part_calibration_slack
    slack = min(slack, max(float(scores.sure.mean()), float(truth.mean())) / 2)
    above = int((by_chance >= error - slack).sum())
    return CalibrationGap(
        part.name,
        error,
        by_chance=float(np.quantile(by_chance, 0.95)),
        slack=slack,
        p_value=(1 + above) / (1 + len(by_chance)),
    )


GATE = Gate("TRG007", "probabilities mean what they say", check)
