"""TRG006: not worse than the champion."""

from dataclasses import replace

import numpy as np

from training.evaluation.gate_findings import Verdict
from training.gates.catalogue import GATES
from training.gates.gate import ComparedChampion
from training.gates.trg006_champion import GATE


def against(candidate, probability, why_not=""):
    """The candidate, with a champion that says this."""
    answers = replace(candidate.answers, probability=probability)
    return replace(candidate, champion=ComparedChampion(3, answers, why_not))


def test_a_poor_challenger_of_a_good_champion_is_refused(sound) -> None:
    tossed = np.random.default_rng(5).permutation(len(sound.measured))
    poor = replace(
        sound, answers=replace(sound.answers, probability=sound.answers.probability[tossed])
    )
    found = GATE.finding(against(poor, sound.answers.probability))
    assert found.verdict is Verdict.FAIL
    assert "all asks: log-loss" in found.sentence
    assert "the champion, version 3" in found.sentence
    others = {g.code: g.finding(poor).verdict for g in GATES if g.code in ("TRG001", "TRG011")}
    assert set(others.values()) == {Verdict.PASS}


def test_a_challenger_that_is_poor_in_one_site_is_refused_for_it(sound) -> None:
    at = sound.measured.site == "S03"
    told = np.where(at[:, None], sound.answers.probability[:, ::-1], sound.answers.probability)
    poor = replace(sound, answers=replace(sound.answers, probability=told))
    found = GATE.finding(against(poor, sound.answers.probability))
    assert found.verdict is Verdict.FAIL
    assert "site S03" in found.sentence
    assert "site S01" not in found.sentence


def test_as_good_as_the_champion_is_good_enough(sound) -> None:
    assert GATE.finding(against(sound, sound.answers.probability)).verdict is Verdict.PASS
    nearly = 0.99 * sound.answers.probability + 0.005
    assert GATE.finding(against(sound, nearly)).verdict is Verdict.PASS


def test_without_a_champion_or_a_fair_test_nothing_is_compared(sound) -> None:
    assert GATE.finding(sound).verdict is Verdict.NOT_APPLICABLE
    unfair = GATE.finding(against(sound, sound.answers.probability, "it learnt from these asks"))
    assert unfair.verdict is Verdict.NOT_APPLICABLE
    assert unfair.sentence == "Version 3, the champion: it learnt from these asks."
