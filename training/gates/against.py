"""A candidate against others on the same asks: all of them, each site, each class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.gates.candidate import Candidate
from training.gates.difference import Difference, difference, holm, units
from training.gates.part import ALL, Part, judgeable, parts

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Compared:
    """The candidate's log-loss less another's in one part; above 0 the candidate is worse.

    worse: p-value of "not worse", corrected for the number of parts and others compared.
    """

    other: str
    part: Part
    loss: float
    other_loss: float
    found: Difference
    worse: float = 1.0

    def __str__(self) -> str:
        """The finding in words."""
        return (
            f"{self.part.name}: log-loss {self.loss:.3f} against {self.other_loss:.3f} of "
            f"{self.other} (difference {self.found.mean:+.3f}, {self.found.low:+.3f} to "
            f"{self.found.high:+.3f})"
        )


@dataclass(frozen=True)
class Comparison:
    """overall: one for each other. within: sites and classes. skipped: parts too small."""

    overall: list[Compared]
    within: list[Compared]
    skipped: list[str]


def compare(candidate: Candidate, others: Mapping[str, Floats]) -> Comparison:
    """Log-loss of the candidate against probabilities (n, K) of others, by name."""
    measured, limits = candidate.measured, candidate.limits
    every = parts(candidate.task, measured)
    fewest = limits.fewest_groups
    judged = [p for p in every if judgeable(p, measured.label, measured.group, fewest)]
    found = [_compared(candidate, p, name, told) for p in judged for name, told in others.items()]
    corrected = holm(np.array([one.found.above for one in found]))
    found = [
        Compared(c.other, c.part, c.loss, c.other_loss, c.found, float(p))
        for c, p in zip(found, corrected, strict=True)
    ]
    return Comparison(
        overall=[c for c in found if c.part.name == ALL],
        within=[c for c in found if c.part.name != ALL],
        skipped=[p.name for p in every if p not in judged],
    )


def _compared(candidate: Candidate, part: Part, name: str, told: Floats) -> Compared:
    measured, limits = candidate.measured, candidate.limits
    own = part.losses(candidate.answers.probability, measured.label)
    its = part.losses(told, measured.label)
    apart = units(measured.group[part.rows], measured.asked_at[part.rows])
    found = difference(own - its, apart, limits.seed, limits.resamples)
    return Compared(name, part, float(own.mean()), float(its.mean()), found)


def small(skipped: list[str]) -> str:
    """What was not judged, as an end of a sentence."""
    return f"; too small to judge: {', '.join(skipped)}" if skipped else ""
