"""TRG001: what was learnt from and what is measured on are apart."""

from dataclasses import replace

import numpy as np

from tests.support.synthetic_candidates import (
    candidate_from_split,
    concatenate,
    sound_training_set,
    undated_candidate,
)
from training.dataset.holdout import hold_out
from training.evaluation.gate_findings import Verdict
from training.gates.trg001_overlap import GATE


def test_asks_of_the_measured_days_may_not_teach(sound) -> None:
    leaked = replace(sound, learnt=concatenate(sound.learnt, sound.measured.take(np.arange(50))))
    found = GATE.finding(leaked)
    assert found.verdict is Verdict.FAIL
    assert found.figures["asked_later"] == 50
    assert "50 learnt asks were asked on or after the first measured ask" in found.sentence


def test_a_label_that_matured_after_the_first_measured_ask_may_not_teach(sound) -> None:
    learnt = sound.learnt
    late = learnt.matured_at + np.where(np.arange(len(learnt)) < 7, np.timedelta64(90, "D"), 0)
    found = GATE.finding(replace(sound, learnt=replace(learnt, matured_at=late)))
    assert found.verdict is Verdict.FAIL
    assert "7 learnt labels matured after it" in found.sentence


def test_a_shipment_may_not_teach_and_be_measured(sound) -> None:
    group = np.where(np.arange(len(sound.learnt)) < 9, sound.measured.group[0], sound.learnt.group)
    shared = replace(sound, learnt=replace(sound.learnt, group=group))
    assert GATE.finding(shared).verdict is Verdict.FAIL
    assert "9 learnt asks share a group with a measured one" in GATE.finding(shared).sentence
    assert GATE.finding(undated_candidate(shared)).verdict is Verdict.FAIL


def test_a_site_item_may_be_asked_about_for_ever() -> None:
    training = sound_training_set(2000)
    learnt, measured = hold_out(replace(training, group=np.arange(2000) % 40))
    assert set(learnt.group) == set(measured.group) == set(range(40))
    assert_passes(learnt, measured, "kept apart by time alone")


def test_holding_out_leaves_no_group_on_both_sides_of_the_cut() -> None:
    training = sound_training_set(2000)
    group = training.group.copy()
    group[[100, 1900]] = 9999  # one of them is learnt, one held out
    learnt, measured = hold_out(replace(training, group=group))
    assert 9999 in measured.group
    assert_passes(learnt, measured, "no group is in both")


def assert_passes(learnt, measured, words: str) -> None:
    found = GATE.finding(candidate_from_split(learnt, measured))
    assert found.verdict is Verdict.PASS
    assert words in found.sentence


def test_an_honest_set_passes_with_and_without_dates(sound) -> None:
    assert GATE.finding(sound).verdict is Verdict.PASS
    said = GATE.finding(undated_candidate(sound))
    assert said.verdict is Verdict.PASS
    assert "no dates" in said.sentence
