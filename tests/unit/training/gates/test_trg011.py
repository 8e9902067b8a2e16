"""TRG011: the asks of now are like those learnt from."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.synthetic_candidates import (
    build_candidate,
    replace_feature,
    sound_training_set,
    undated_candidate,
)
from training.evaluation.gate_findings import Verdict
from training.evaluation.statistics import population_stability, stability_by_chance
from training.gates.catalogue import GATES
from training.gates.trg011_drift import GATE


def measured_as(candidate, name, values):
    """The candidate, its measured asks with another column, and the model's answers to them."""
    measured = replace_feature(candidate.measured, name, values)
    return replace(candidate, measured=measured, answers=candidate.model.predict(measured.inputs))


def test_a_site_that_counts_in_dozens_from_one_day_on_is_noticed(sound) -> None:
    cover = sound.measured.inputs["cover"].to_numpy()
    dozens = np.where(sound.measured.site == "S01", cover * 12 + 20, cover)
    planted = measured_as(sound, "cover", dozens)
    found = GATE.finding(planted)
    assert found.verdict is Verdict.FAIL
    assert "cover " in found.sentence
    assert found.figures["drifted"] == 1
    others = {g.code: g.finding(planted).verdict for g in GATES if g.code in ("TRG001", "TRG003")}
    assert set(others.values()) == {Verdict.PASS}


def test_values_that_are_no_longer_told_are_noticed(sound) -> None:
    silent = np.full(len(sound.measured), np.nan)
    assert GATE.finding(measured_as(sound, "late_share", silent)).verdict is Verdict.FAIL


def test_a_calendar_that_always_moves_is_no_drift() -> None:
    training = sound_training_set()
    month = np.arange(len(training)) / 400 + training.label * 0.5
    moving = build_candidate(replace_feature(training, "noise", month))
    assert moving.fitted.gains["noise"] > 0
    assert GATE.finding(moving).verdict is Verdict.PASS


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_categories_that_were_never_seen_are_counted_also_on_open_asks(sound, share) -> None:
    open_now = sound.measured.inputs.copy()
    new = np.arange(len(open_now)) < share * len(open_now)
    open_now["region"] = np.where(new, "overseas", "north").astype(object)
    found = GATE.finding(replace(sound, now=open_now))
    assert found.verdict is (Verdict.FAIL if share > 0.1 else Verdict.PASS)
    assert found.figures["most_unseen"] == pytest.approx(share, abs=0.01)
    assert ("region 30%" in found.sentence) == (share > 0.1)


def test_nothing_drifts_in_an_honest_set_nor_can_without_dates(sound, sound_classes) -> None:
    assert GATE.finding(sound).verdict is Verdict.PASS
    assert GATE.finding(sound_classes).verdict is Verdict.PASS
    assert GATE.finding(undated_candidate(sound)).verdict is Verdict.NOT_APPLICABLE


def test_the_index_stays_below_its_chance_mark_as_often_as_stated() -> None:
    from pandas import Series

    above = 0
    for seed in range(400):
        random = np.random.default_rng(seed)
        found = population_stability(
            Series(random.normal(size=2000)), Series(random.normal(size=100)), numeric=True
        )
        above += found.psi > stability_by_chance(found, 0.05)
    assert 4 <= above <= 40  # 20 are expected
