"""TRG008: sets and intervals cover as stated."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from tests.support.synthetic_candidates import candidate_from_split, flip_labels, sound_training_set
from training.dataset.holdout import hold_out
from training.evaluation.gate_findings import Verdict
from training.gates.catalogue import GATES
from training.gates.trg008_coverage import GATE, effective_sample_size, shortfall_p_value

pytestmark = pytest.mark.slow(3)


def test_a_site_whose_ends_fall_outside_the_sets_is_named() -> None:
    learnt, measured = hold_out(sound_training_set())
    found = GATE.finding(
        candidate_from_split(learnt, flip_labels(measured, measured.site == "S02"))
    )
    assert found.verdict is Verdict.FAIL
    assert "in site S02" in found.sentence
    assert "in site S01" not in found.sentence


def test_delays_that_grew_leave_the_interval(sound_classes) -> None:
    measured = sound_classes.measured
    late = replace(sound_classes, measured=replace(measured, target=measured.target + 3))
    found = GATE.finding(late)
    assert found.verdict is Verdict.FAIL
    assert "intervals cover" in found.sentence
    assert "class sets cover" not in found.sentence
    others = {g.code: g.finding(late).verdict for g in GATES if g.code in ("TRG005", "TRG007")}
    assert set(others.values()) == {Verdict.PASS}


def test_sets_that_promise_each_class_its_rate_are_held_to_it(sound_classes) -> None:
    conformal = sound_classes.model.conformal
    if not conformal.of_class:
        pytest.fail("the model keeps no thresholds of classes")
    assert GATE.finding(sound_classes).verdict is Verdict.PASS
    missed = sound_classes.answers.class_set.copy()
    missed[:, 2] = False
    planted = replace(sound_classes, answers=replace(sound_classes.answers, class_set=missed))
    assert GATE.finding(planted).verdict is Verdict.FAIL


def test_sound_sets_pass_and_say_what_they_cover(sound, sound_classes) -> None:
    assert GATE.finding(sound).verdict is Verdict.PASS
    found = GATE.finding(sound_classes)
    assert found.verdict is Verdict.PASS
    assert found.sentence.startswith("Class sets cover ")
    assert "intervals cover " in found.sentence


def test_asks_that_are_missed_together_count_once() -> None:
    covered = np.repeat(np.arange(100) % 10 != 0, 5)
    assert effective_sample_size(covered, np.repeat(np.arange(100), 5)) == pytest.approx(99, abs=1)
    assert effective_sample_size(covered, np.arange(500)) == pytest.approx(500, abs=5)


def test_the_chance_of_a_low_coverage_is_that_of_counting_when_the_rate_is_sure() -> None:
    assert shortfall_p_value(0.85, 200, 0.9, 1e9) == pytest.approx(
        binom.cdf(170, 200, 0.9), rel=1e-4
    )
    assert shortfall_p_value(0.85, 200, 0.9, 200) > 3 * binom.cdf(170, 200, 0.9)


def test_too_few_asks_are_not_judged(sound) -> None:
    keep = np.arange(len(sound.measured)) < 12
    few = sound.measured.take(keep)
    small = replace(sound, measured=few, answers=sound.model.predict(few.inputs))
    assert GATE.finding(small).verdict is Verdict.NOT_APPLICABLE
