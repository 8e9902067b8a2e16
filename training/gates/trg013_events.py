"""TRG013: enough events of each class and in each site to learn from and to measure on.

Counted in groups: four asks about one late line are one event.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.training_set import TrainingSet
from training.gates.gate import Candidate, Gate, GateResult, gate_result
from training.gates.segments import join_names, site_names

UNEVENTFUL = 0


def check(candidate: Candidate) -> GateResult:
    """Count events by class and by site; a class that never occurred is named and not judged."""
    task, limits = candidate.task, candidate.limits
    learnt, measured = candidate.learnt, candidate.measured
    few, never, fewest = [], [], np.inf
    for k, name in enumerate(task.classes):
        taught, seen = _groups(learnt, learnt.label == k), _groups(measured, measured.label == k)
        if not taught and not seen:
            never.append(str(name))
            continue
        fewest = min(fewest, taught)
        if taught < limits.class_events or seen < limits.measured_events:
            few.append(f"class {name} ({taught} learnt, {seen} measured)")
    for name in site_names(np.concatenate([learnt.site, measured.site])):
        at = (learnt.site == name) & (learnt.label != UNEVENTFUL)
        taught = _groups(learnt, at)
        if taught < limits.site_events:
            few.append(f"site {name} ({taught} learnt)")
    figures = {"fewest_of_a_class": float(fewest), "too_few": float(len(few))}
    counts = (
        f"{limits.class_events} learnt and {limits.measured_events} measured cases of each "
        f"class, {limits.site_events} learnt events of each site"
    )
    absent = f"; never occurred: {', '.join(never)}" if never else ""
    if few:
        sentence = (
            f"Too few cases with an event of their own: {join_names(few)}; "
            f"needed are {counts}{absent}"
        )
        return gate_result(refused=True, sentence=sentence, figures=figures)
    sentence = (
        f"Enough events everywhere ({counts}); the rarest class has {fewest:,} learnt cases{absent}"
    )
    return gate_result(refused=False, sentence=sentence, figures=figures)


def _groups(part: TrainingSet, rows: NDArray[np.bool_]) -> int:
    return len(np.unique(part.group[rows].astype(str)))


GATE = Gate("TRG013", "enough events", check)
