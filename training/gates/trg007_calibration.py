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

from training.gates.candidate import Candidate
from training.gates.difference import holm
from training.gates.gate import Gate, Judgement, judged, not_applicable
from training.gates.part import ALL, Part, judgeable, outcomes, parts
from training.metrics import calibration_error
from training.told import Told, errors_by_chance, of_class, of_task

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Error:
    """error: expected calibration error. by_chance: the 95 % mark of what chance gives.

    p_value: of "no more than slack and chance".
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


def look(candidate: Candidate) -> Judgement:
    """The calibration error of every part against chance and slack."""
    measured, limits = candidate.measured, candidate.limits
    every = parts(candidate.task, measured)
    told = [
        part
        for part in every
        if judgeable(part, measured.label, measured.group, limits.fewest_groups)
    ]
    if not told:
        return not_applicable(f"{len(measured)} measured asks are too few to judge")
    found = [_error(candidate, part) for part in told]
    p_values = holm(np.array([one.p_value for one in found]))
    off = [one for one, p in zip(found, p_values, strict=True) if p < limits.level]
    overall = found[0]
    worst = max(found, key=lambda one: one.error - one.slack - one.by_chance)
    figures = {
        "ece": overall.error,
        "by_chance": overall.by_chance,
        "worst": worst.error,
        "off": float(len(off)),
    }
    said = f"Calibration error of {overall}"
    if off:
        named = "; ".join(map(str, sorted(off, key=lambda one: -one.error)[:3]))
        said = f"Stated and actual shares are further apart than chance and slack in {named}"
    elif len(found) > 1:
        said += f"; no site or class is further off, nearest is {worst}"
    skipped = [part.name for part in every if part not in told]
    said += f"; too small to judge: {', '.join(skipped)}" if skipped else ""
    return judged(refused=bool(off), sentence=said, figures=figures)


def _error(candidate: Candidate, part: Part) -> Error:
    measured, limits = candidate.measured, candidate.limits
    label, probability = measured.label[part.rows], candidate.answers.probability[part.rows]
    told: Told
    if part.number is None:
        told = of_task(label, probability)
    else:
        told = of_class(label, probability, part.number)
    truth = told.right.astype(np.float64)
    error = calibration_error(truth, told.sure)(np.ones(len(truth)))
    outcome = np.unique(outcomes(measured)[part.rows], return_inverse=True)[1].astype(np.int64)
    drawn = errors_by_chance(told.sure, outcome, limits.seed, limits.simulations)
    slack = limits.calibration_slack if part.name == ALL else limits.part_calibration_slack
    slack = min(slack, max(float(told.sure.mean()), float(truth.mean())) / 2)
    above = int((drawn >= error - slack).sum())
    return Error(
        part.name,
        error,
        by_chance=float(np.quantile(drawn, 0.95)),
        slack=slack,
        p_value=(1 + above) / (1 + len(drawn)),
    )


GATE = Gate("TRG007", "probabilities mean what they say", look)
