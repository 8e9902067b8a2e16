"""TRG012: the golden rows get their exact answers in a process of their own."""

from __future__ import annotations

import tempfile
from pathlib import Path

from models.artefact.folder import save_artefact
from training.gates.gate import Candidate, Gate, GateResult, gate_result
from training.registry.export import PromotionError, load_in_child


def check(candidate: Candidate) -> GateResult:
    """Write the artefact, and let another process load it and score its golden rows."""
    answers = candidate.model.golden["answers"]
    rows = len(next(iter(answers.values())))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "artefact"
        digest = save_artefact(candidate.model, folder)
        try:
            load_in_child(folder, digest)
        except PromotionError as error:
            why = str(error).replace(str(folder), "the artefact")
            return gate_result(refused=True, sentence=f"In another process: {why}", figures={})
    sentence = f"{rows} golden rows got the same answers, to the last bit, in another process"
    return gate_result(refused=False, sentence=sentence, figures={"rows": float(rows)})


GATE = Gate("TRG012", "golden rows reproduce elsewhere", check)
