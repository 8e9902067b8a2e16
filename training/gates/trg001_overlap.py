"""TRG001: what was learnt from and what is measured on are apart in time and group.

Apart in time: every learnt label had matured before the first measured ask. Apart in group:
no group is in both, for its asks share one outcome. Standing groups (a site-item asked about
month after month) are the exception: each of their asks has an outcome of its own, so time
alone keeps them apart, and the sentence says so.
"""

from __future__ import annotations

import numpy as np

from models.folds import has_recurring_groups
from training.dataset.holdout import shared_groups
from training.gates.gate import Candidate, Gate, GateResult, gate_result


def check(candidate: Candidate) -> GateResult:
    """Count the asks whose period or group is on both sides of the split."""
    learnt, measured = candidate.learnt, candidate.measured
    shared = int(shared_groups(learnt, measured).sum())
    if not candidate.dated:
        return _undated(shared)
    start = measured.asked_at.min()
    late = int((learnt.asked_at >= start).sum())
    immature = int((~(learnt.matured_at <= start)).sum())
    stands = has_recurring_groups(learnt, candidate.limits.standing)
    figures = {"asked_later": late, "matured_later": immature, "group_in_both": shared}
    day = np.datetime_as_string(start, unit="D")
    faults = [
        f"{late} learnt asks were asked on or after the first measured ask ({day})" * bool(late),
        f"{immature} learnt labels matured after it ({day})" * bool(immature),
        f"{shared} learnt asks share a group with a measured one" * (shared > 0 and not stands),
    ]
    if any(faults):
        sentence = "; ".join(fault for fault in faults if fault) + "; none is allowed"
        return gate_result(refused=True, sentence=sentence, figures=_floats(figures))
    sentence = (
        f"All {len(learnt):,} learnt labels had matured when the first measured ask came ({day})"
    )
    sentence += (
        f"; groups are standing ones ({shared} learnt asks go on), kept apart by time alone"
        if shared
        else "; no group is in both"
    )
    return gate_result(refused=False, sentence=sentence, figures=_floats(figures))


def _undated(shared: int) -> GateResult:
    figures = {"group_in_both": float(shared)}
    if shared:
        sentence = f"{shared} learnt asks share a group with a measured one; none is allowed"
        return gate_result(refused=True, sentence=sentence, figures=figures)
    sentence = "No group is in both; the asks have no dates, so time was not looked at"
    return gate_result(refused=False, sentence=sentence, figures=figures)


def _floats(figures: dict[str, int]) -> dict[str, float]:
    return {name: float(value) for name, value in figures.items()}


GATE = Gate("TRG001", "learnt and measured asks are apart", check)
