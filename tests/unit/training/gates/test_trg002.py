"""TRG002: no feature tells the answer by itself."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.synthetic_candidates import (
    build_candidate,
    quick_task,
    replace_feature,
    sound_training_set,
)
from training.evaluation.gate_findings import Verdict
from training.gates.catalogue import GATES
from training.gates.trg002_one_feature import GATE

pytestmark = pytest.mark.slow(2)


def test_the_answer_written_into_a_feature_is_a_suspect() -> None:
    training = sound_training_set()
    random = np.random.default_rng(2)
    leaked = build_candidate(
        replace_feature(training, "noise", training.label + random.normal(0, 0.1, 4000))
    )
    found = GATE.finding(leaked)
    assert found.verdict is Verdict.FAIL
    assert found.sentence.startswith("noise alone explains")
    others = {g.code: g.finding(leaked).verdict for g in GATES if g.code in UNCONCERNED}
    assert others == dict.fromkeys(UNCONCERNED, Verdict.PASS)


UNCONCERNED = ("TRG001", "TRG003", "TRG005", "TRG011", "TRG013")


def test_an_answer_that_is_filled_in_afterwards_shows_in_the_past_alone() -> None:
    training = sound_training_set()
    closed = np.where(training.label == 1, "reopened", "north").astype(object)
    closed[-600:] = "north"  # the newest cases are not closed yet
    found = GATE.finding(build_candidate(replace_feature(training, "region", closed)))
    assert found.verdict is Verdict.FAIL
    assert found.sentence.startswith("region alone explains")
    assert found.figures["learnt"] > 0.8
    assert found.figures["measured"] < 0.2


def test_an_answer_with_some_errors_that_the_model_merely_repeats_is_a_suspect() -> None:
    training = sound_training_set()
    wrong = np.random.default_rng(4).random(4000) < 0.05
    told = np.where(wrong, 1 - training.label, training.label) * 1.0
    found = GATE.finding(build_candidate(replace_feature(training, "noise", told)))
    assert found.verdict is Verdict.FAIL


@pytest.mark.parametrize("missing", [0.0, 0.5])
def test_a_strong_feature_among_others_is_no_suspect(missing) -> None:
    training = sound_training_set(shift=0.0)
    cover = training.inputs["cover"].to_numpy().copy()
    cover[np.random.default_rng(1).random(4000) < missing] = np.nan
    found = GATE.finding(build_candidate(replace_feature(training, "cover", cover)))
    assert found.verdict is Verdict.PASS
    assert 0.05 < found.figures["learnt"] < 0.5


def test_classes_are_looked_at_as_two_are(sound_classes) -> None:
    assert GATE.finding(sound_classes).verdict is Verdict.PASS
    training = sound_training_set(classes=4)
    told = build_candidate(replace_feature(training, "noise", training.label * 1.0), quick_task(4))
    assert GATE.finding(told).verdict is Verdict.FAIL


def test_a_model_without_trees_has_no_gain_to_share(sound) -> None:
    empty = replace(sound, fitted=replace(sound.fitted, gains=dict.fromkeys(sound.fitted.gains, 0)))
    assert GATE.finding(empty).verdict is Verdict.PASS
