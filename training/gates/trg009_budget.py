"""TRG009: one score is quick and the artefact small, as a service needs them."""

from __future__ import annotations

import numpy as np

from models.artefact.folder import to_files
from models.artefact.golden_rows import golden_inputs
from training.gates.gate import Candidate, Gate, GateResult, gate_result

MEGABYTE = 1e6


def check(candidate: Candidate) -> GateResult:
    """Score one case again and again, and weigh the artefact."""
    limits = candidate.limits
    size = sum(len(text.encode()) for text in to_files(candidate.model).values()) / MEGABYTE
    median = 1000 * float(np.median(_seconds(candidate)))
    figures = {"milliseconds": median, "megabytes": size}
    sentence = (
        f"One case is scored in {median:.1f} ms (median of {limits.scorings}, at most "
        f"{limits.milliseconds:.0f} ms); the artefact has {size:.1f} MB (at most "
        f"{limits.megabytes:.0f} MB)"
    )
    over = median > limits.milliseconds or size > limits.megabytes
    return gate_result(refused=over, sentence=sentence, figures=figures)


def _seconds(candidate: Candidate) -> list[float]:
    rows = golden_inputs(candidate.model)
    many = len(next(iter(rows.values())))
    candidate.model.predict({name: values[:1] for name, values in rows.items()})  # warms up
    taken = []
    for i in range(candidate.limits.scorings):
        row = {name: values[i % many : i % many + 1] for name, values in rows.items()}
        started = candidate.clock()
        candidate.model.predict(row)
        taken.append(candidate.clock() - started)
    return taken


GATE = Gate("TRG009", "quick and small enough", check)
