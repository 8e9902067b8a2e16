"""TRG005: better than the simple rules, and nowhere worse."""

from dataclasses import replace

import numpy as np

from tests.support.synthetic_candidates import (
    build_candidate,
    candidate_from_split,
    flip_labels,
    sound_training_set,
)
from training.dataset.holdout import hold_out
from training.evaluation.gate_findings import Verdict
from training.gates.catalogue import GATES
from training.gates.trg005_rule import GATE


def test_a_model_of_nothing_is_no_better_than_the_class_shares() -> None:
    training = sound_training_set(2000)
    tossed = np.random.default_rng(3).integers(0, 2, len(training))
    found = GATE.finding(build_candidate(replace(training, label=tossed)))
    assert found.verdict is Verdict.FAIL
    assert found.sentence.startswith("No better than ")
    assert "beyond chance" in found.sentence


def test_a_model_that_only_repeats_the_rule_is_refused(sound) -> None:
    rule = sound.forecasts["cover"].probability
    echo = replace(sound, answers=replace(sound.answers, probability=rule))
    found = GATE.finding(echo)
    assert found.verdict is Verdict.FAIL
    assert "No better than cover" in found.sentence


def test_a_site_that_works_the_other_way_round_is_named() -> None:
    learnt, measured = hold_out(sound_training_set())
    odd = candidate_from_split(learnt, flip_labels(measured, measured.site == "S02"))
    found = GATE.finding(odd)
    assert found.verdict is Verdict.FAIL
    assert "site S02" in found.sentence
    assert "site S01" not in found.sentence
    others = {g.code: g.finding(odd).verdict for g in GATES if g.code in ("TRG001", "TRG003")}
    assert set(others.values()) == {Verdict.PASS}


def test_a_sound_model_passes_and_says_by_how_much(sound, sound_classes) -> None:
    for one in (sound, sound_classes):
        found = GATE.finding(one)
        assert found.verdict is Verdict.PASS
        assert found.figures["high"] < 0
        assert "Better than cover" in found.sentence


def test_an_equal_model_is_not_called_worse_in_some_site_by_luck(sound) -> None:
    """Fifty models that differ from the rule by noise alone, in seven sites each."""
    refused = 0
    rule = sound.forecasts["cover"].probability
    rows = len(sound.measured)
    for seed in range(50):
        random = np.random.default_rng(seed)
        site = np.array([f"S{n}" for n in range(7)])[random.integers(0, 7, rows)]
        logit = np.log(rule[:, 1] / rule[:, 0])
        one, other = (1 / (1 + np.exp(-logit + random.normal(0, 0.3, rows))) for _ in range(2))
        event = random.random(rows) < rule[:, 1]
        again = replace(
            sound,
            measured=replace(sound.measured, site=site, label=event.astype(np.int64)),
            answers=replace(sound.answers, probability=np.column_stack([1 - one, one])),
            forecasts={
                "rule": replace(
                    sound.forecasts["cover"], probability=np.column_stack([1 - other, other])
                )
            },
        )
        refused += bool(GATE.finding(again).figures["worse_parts"])
    assert refused <= 5  # one in twenty is allowed; six or more of fifty would be one in 26


def test_without_rule_and_shares_there_is_nothing_to_beat(sound) -> None:
    assert GATE.finding(replace(sound, forecasts={})).verdict is Verdict.NOT_APPLICABLE
