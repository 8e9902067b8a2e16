"""TRG003: labels have matured."""

from dataclasses import replace

import numpy as np

from tests.support.synthetic_candidates import undated_candidate
from training.evaluation.gate_findings import Verdict
from training.gates.catalogue import GATES
from training.gates.trg003_matured import GATE


def test_a_label_from_after_the_end_of_the_data_is_refused(sound) -> None:
    measured = sound.measured
    cut = np.sort(measured.matured_at)[-12]  # the eleven last ones come after it
    found = GATE.finding(replace(sound, built_at=cut))
    assert found.verdict is Verdict.FAIL
    assert found.figures["after_the_end"] == 11
    assert "11 labels mature after the end of the data" in found.sentence


def test_a_label_that_never_matures_is_refused(sound) -> None:
    matured = sound.learnt.matured_at.copy()
    matured[:3] = np.datetime64("NaT")
    planted = replace(sound, learnt=replace(sound.learnt, matured_at=matured))
    assert GATE.finding(planted).figures["after_the_end"] == 3
    assert GATE.finding(planted).verdict is Verdict.FAIL


def test_nothing_happened_is_not_said_of_young_asks(sound) -> None:
    learnt = sound.learnt
    young = np.flatnonzero(learnt.label == 0)[:5]
    matured = learnt.matured_at.copy()
    matured[young] = learnt.asked_at[young] + np.timedelta64(1, "h")
    planted = replace(sound, learnt=replace(learnt, matured_at=matured))
    found = GATE.finding(planted)
    assert found.verdict is Verdict.FAIL
    assert "5 asks count as uneventful before their 1 days are over" in found.sentence
    others = {g.code: g.finding(planted).verdict for g in GATES if g.code in ("TRG001", "TRG013")}
    assert set(others.values()) == {Verdict.PASS}


def test_an_event_may_be_known_before_the_horizon_is_over(sound) -> None:
    learnt = sound.learnt
    early = np.flatnonzero(learnt.label == 1)[:5]
    matured = learnt.matured_at.copy()
    matured[early] = learnt.asked_at[early] + np.timedelta64(1, "h")
    told = replace(sound, learnt=replace(learnt, matured_at=matured))
    assert GATE.finding(told).verdict is Verdict.PASS


def test_without_dates_there_is_nothing_to_mature(sound) -> None:
    assert GATE.finding(sound).verdict is Verdict.PASS
    assert GATE.finding(undated_candidate(sound)).verdict is Verdict.NOT_APPLICABLE
