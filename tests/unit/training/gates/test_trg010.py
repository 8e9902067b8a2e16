"""TRG010: stable under order and seed."""

from dataclasses import replace

import numpy as np
import pytest

from models.calibration.calibrators import CalibrationMethod
from models.fitting.fit import fit
from models.fitting.preparation import FitOptions
from tests.support.synthetic_candidates import build_candidate, quick_task, sound_training_set
from training.evaluation.gate_findings import Verdict
from training.gates.catalogue import GATES
from training.gates.trg010_stable import GATE

pytestmark = pytest.mark.slow(3)

WILD = {
    "num_leaves": 63,
    "min_data_in_leaf": 1,
    "learning_rate": 1.0,
    "lambda_l2": 0.0,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.2,
    "num_iterations": 40,
}


def test_noise_learnt_by_heart_moves_with_the_seed() -> None:
    training = sound_training_set(2000)
    tossed = np.random.default_rng(3).integers(0, 2, len(training))
    wild = quick_task(lightgbm=WILD)
    learnt_by_heart = replace(
        build_candidate(replace(training, label=tossed), wild),
        options=FitOptions(calibrations=(CalibrationMethod.IDENTITY,)),
    )
    steady = replace(learnt_by_heart.fitted, metrics={"rounds": 40.0})
    found = GATE.finding(replace(learnt_by_heart, fitted=steady))
    assert found.verdict is Verdict.FAIL
    assert found.figures["moved"] > 0.5
    assert found.figures["same_digest"] == 1.0
    others = {
        g.code: g.finding(learnt_by_heart).verdict for g in GATES if g.code in ("TRG001", "TRG003")
    }
    assert set(others.values()) == {Verdict.PASS}


def test_a_model_that_depends_on_the_order_of_rows_is_refused(sound) -> None:
    def careless(task, training, options):
        return fit(
            replace(task, seed=int(training.asked_at[0].astype(int) // 60_000_000 % 1000)),
            training,
            options,
        )

    found = GATE.finding(replace(sound, fit_function=careless))
    assert found.verdict is Verdict.FAIL
    assert found.sentence.startswith("Another order of the rows makes another model")


def test_a_sound_model_passes(sound, sound_classes) -> None:
    for one in (sound, sound_classes):
        found = GATE.finding(one)
        assert found.verdict is Verdict.PASS
        assert found.figures["same_digest"] == 1.0
        assert 0 <= found.figures["moved"] < 0.1
