"""The gates as a whole: their codes, and a sound model going through all of them."""

from dataclasses import replace
from pathlib import Path

import pytest

from training.evaluation.gate_findings import Verdict, failed_codes
from training.gates import catalogue
from training.gates.catalogue import GATES, run_gates
from training.gates.gate import Gate, GateResult

pytestmark = pytest.mark.slow(4)


def test_codes_are_unique_in_order_and_each_has_a_file_and_a_test() -> None:
    codes = [gate.code for gate in GATES]
    assert codes == [f"TRG{number:03d}" for number in range(1, len(GATES) + 1)]
    here, there = Path(__file__).parent, Path(catalogue.__file__).parent
    for gate in GATES:
        assert (here / f"test_{gate.code.lower()}.py").exists(), f"{gate.code} has no test"
        assert len(list(there.glob(f"{gate.code.lower()}_*.py"))) == 1
        assert gate.code in (there / "__init__.py").read_text(), f"{gate.code} is not explained"


@pytest.mark.parametrize("which", ["sound", "sound_classes"])
def test_a_sound_model_is_refused_by_no_gate(which, request) -> None:
    told = []
    findings = run_gates(request.getfixturevalue(which), lambda what, share: told.append(share))
    assert failed_codes(findings) == []
    untried = {f.code for f in findings if f.verdict is Verdict.NOT_APPLICABLE}
    assert untried == {"TRG004", "TRG006"}  # no tables, no champion
    assert all(f.sentence.endswith(".") and f.title for f in findings)
    assert told == sorted(told)


def test_a_gate_that_breaks_refuses_and_says_what_broke(sound) -> None:
    def broken(candidate) -> GateResult:
        raise KeyError("cover")

    finding = Gate("TRG999", "never heard of", broken).finding(sound)
    assert finding.verdict is Verdict.FAIL
    assert finding.sentence == "Could not be tried: KeyError: 'cover'."


def test_a_small_honest_set_is_not_called_good_for_what_was_not_tried(sound) -> None:
    some = replace(sound.measured, site=sound.measured.site).take(sound.measured.group % 60 == 0)
    small = replace(
        sound,
        measured=some,
        answers=sound.model.predict(some.inputs),
        forecasts={
            name: told.take(sound.measured.group % 60 == 0)
            for name, told in sound.forecasts.items()
        },
    )
    found = {gate.code: gate.finding(small).verdict for gate in GATES if gate.code in JUDGED}
    assert found == dict.fromkeys(JUDGED, Verdict.NOT_APPLICABLE)


JUDGED = ("TRG005", "TRG007", "TRG008")
