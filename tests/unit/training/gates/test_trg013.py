"""TRG013: enough events."""

from dataclasses import replace

import numpy as np

from tests.support.synthetic_candidates import build_candidate, sound_training_set
from training.evaluation.gate_findings import Verdict
from training.gates.catalogue import GATES
from training.gates.trg013_events import GATE


def test_a_class_that_hardly_comes_is_refused_with_its_count() -> None:
    rare = build_candidate(sound_training_set(shift=-7.0))
    found = GATE.finding(rare)
    assert found.verdict is Verdict.FAIL
    assert "class B (" in found.sentence
    assert found.figures["fewest_of_a_class"] < 30
    others = {g.code: g.finding(rare).verdict for g in GATES if g.code in ("TRG001", "TRG003")}
    assert set(others.values()) == {Verdict.PASS}


def test_a_site_without_events_is_named(sound) -> None:
    learnt = sound.learnt
    calm = replace(learnt, label=np.where(learnt.site == "S02", 0, learnt.label))
    found = GATE.finding(replace(sound, learnt=calm))
    assert found.verdict is Verdict.FAIL
    assert "site S02 (0 learnt)" in found.sentence
    assert "S01" not in found.sentence


def test_a_site_that_is_only_measured_is_named(sound) -> None:
    site = np.where(sound.measured.site == "S03", "S99", sound.measured.site)
    found = GATE.finding(replace(sound, measured=replace(sound.measured, site=site)))
    assert "site S99 (0 learnt)" in found.sentence


def test_four_asks_about_one_late_line_are_one_event(sound) -> None:
    event = sound.learnt.label == 1
    one_line = replace(sound.learnt, group=np.where(event, -1, sound.learnt.group))
    found = GATE.finding(replace(sound, learnt=one_line))
    assert found.verdict is Verdict.FAIL
    assert "class B (1 learnt" in found.sentence


def test_an_honest_set_has_enough(sound, sound_classes) -> None:
    assert GATE.finding(sound).verdict is Verdict.PASS
    assert GATE.finding(sound_classes).verdict is Verdict.PASS
