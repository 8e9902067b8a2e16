"""TRG012: golden rows reproduce elsewhere."""

from copy import deepcopy
from dataclasses import replace

import pytest

from models.artefact.folder import with_digest
from training.evaluation.gate_findings import Verdict
from training.gates.catalogue import GATES
from training.gates.trg012_golden import GATE

pytestmark = pytest.mark.slow(5)


def test_an_answer_that_another_process_does_not_get_is_refused(sound) -> None:
    golden = deepcopy(sound.model.golden)
    golden["answers"]["probability"][3] = [(0.75).hex(), (0.25).hex()]
    model = with_digest(replace(sound.model, golden=golden, digest=""))
    planted = replace(sound, fitted=replace(sound.fitted, model=model))
    found = GATE.finding(planted)
    assert found.verdict is Verdict.FAIL
    assert "golden row 3: probability was 0.75, 0.25, is " in found.sentence
    others = {g.code: g.finding(planted).verdict for g in GATES if g.code in ("TRG001", "TRG003")}
    assert set(others.values()) == {Verdict.PASS}


def test_a_sound_model_passes(sound) -> None:
    found = GATE.finding(sound)
    assert found.verdict is Verdict.PASS
    assert found.figures["rows"] == 20
