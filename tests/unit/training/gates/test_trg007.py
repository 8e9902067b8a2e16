"""TRG007: probabilities mean what they say."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.synthetic_candidates import candidate_from_split, sound_training_set
from training.dataset.holdout import hold_out
from training.evaluation.gate_findings import Verdict
from training.gates.catalogue import GATES
from training.gates.trg007_calibration import GATE

pytestmark = pytest.mark.slow(3)


def test_events_that_became_twice_as_frequent_are_noticed() -> None:
    learnt, measured = hold_out(sound_training_set(shift=-1.5))
    often = hold_out(sound_training_set(shift=0.5, seed=1))[1]
    found = GATE.finding(candidate_from_split(learnt, often))
    assert found.verdict is Verdict.FAIL
    assert "all asks: 0." in found.sentence
    assert GATE.finding(candidate_from_split(learnt, measured)).verdict is Verdict.PASS


def test_overconfidence_is_refused_although_the_order_is_right(sound) -> None:
    logit = np.log(sound.answers.probability[:, 1] / sound.answers.probability[:, 0])
    sure = 1 / (1 + np.exp(-4 * logit))
    planted = replace(
        sound, answers=replace(sound.answers, probability=np.column_stack([1 - sure, sure]))
    )
    assert GATE.finding(planted).verdict is Verdict.FAIL
    others = {g.code: g.finding(planted).verdict for g in GATES if g.code in ("TRG001", "TRG012")}
    assert set(others.values()) == {Verdict.PASS}


def test_a_miscalibrated_site_is_named() -> None:
    learnt, measured = hold_out(sound_training_set())
    at = measured.site == "S01"
    calm = replace(measured, label=np.where(at, 0, measured.label))
    found = GATE.finding(candidate_from_split(learnt, calm))
    assert found.verdict is Verdict.FAIL
    assert "site S01" in found.sentence
    assert "site S02" not in found.sentence


def test_a_rare_class_that_is_often_stated_is_named(sound_classes) -> None:
    told = sound_classes.answers.probability.copy()
    told[:, 3] += 0.6 * told[:, 0]
    told[:, 0] *= 0.4
    planted = replace(sound_classes, answers=replace(sound_classes.answers, probability=told))
    found = GATE.finding(planted)
    assert found.verdict is Verdict.FAIL
    assert "class D" in found.sentence


def test_true_probabilities_of_seven_sites_are_not_refused_by_luck(sound) -> None:
    """Forty draws in which every stated probability is true."""
    refused, rows = 0, len(sound.measured)
    told = sound.answers.probability
    few = replace(sound, limits=replace(sound.limits, simulations=400))
    for seed in range(40):
        random = np.random.default_rng(seed)
        site = np.array([f"S{n}" for n in range(7)])[random.integers(0, 7, rows)]
        event = (random.random(rows) < told[:, 1]).astype(np.int64)
        again = replace(few, measured=replace(sound.measured, site=site, label=event))
        refused += GATE.finding(again).verdict is Verdict.FAIL
    assert refused <= 4


def test_too_few_asks_are_not_judged(sound) -> None:
    keep = np.arange(len(sound.measured)) < 12
    few = replace(
        sound,
        measured=sound.measured.take(keep),
        answers=sound.model.predict(sound.measured.take(keep).inputs),
    )
    assert GATE.finding(few).verdict is Verdict.NOT_APPLICABLE


def test_a_sound_model_passes(sound, sound_classes) -> None:
    assert GATE.finding(sound).verdict is Verdict.PASS
    assert GATE.finding(sound_classes).verdict is Verdict.PASS
