"""TRG003: every label had matured when the set was built.

A label counts from `matured_at` on. It may not lie after the end of the data, and "nothing
happened" may not be said before the horizon of the question is over: a younger ask is left
out of training, never labelled as uneventful.
"""

from __future__ import annotations

import numpy as np

from models.training_set import TrainingSet
from training.gates.gate import Candidate, Gate, GateResult, gate_result, not_applicable

DAY = np.timedelta64(1, "D")
UNEVENTFUL = 0


def check(candidate: Candidate) -> GateResult:
    """Count labels that had not matured when the set was built."""
    if not candidate.dated or np.isnat(candidate.built_at):
        return not_applicable("The asks have no dates, so it cannot be told when a label matured")
    both = (candidate.learnt, candidate.measured)
    later = sum(int((~(part.matured_at <= candidate.built_at)).sum()) for part in both)
    early = sum(_too_early(part, candidate.task.horizon_days) for part in both)
    figures = {"after_the_end": float(later), "before_horizon": float(early)}
    day = np.datetime_as_string(candidate.built_at, unit="D")
    faults = [
        f"{later} labels mature after the end of the data ({day})" * bool(later),
        f"{early} asks count as uneventful before their "
        f"{candidate.task.horizon_days} days are over" * bool(early),
    ]
    if any(faults):
        sentence = "; ".join(fault for fault in faults if fault) + "; none is allowed"
        return gate_result(refused=True, sentence=sentence, figures=figures)
    many = sum(map(len, both))
    sentence = f"All {many:,} labels had matured by the end of the data ({day})"
    return gate_result(refused=False, sentence=sentence, figures=figures)


def _too_early(part: TrainingSet, horizon_days: int) -> int:
    young = part.matured_at < part.asked_at + DAY * horizon_days
    return int((young & (part.label == UNEVENTFUL)).sum())


GATE = Gate("TRG003", "labels have matured", check)
