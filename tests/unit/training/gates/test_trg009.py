"""TRG009: quick and small enough."""

from dataclasses import replace
from itertools import count

from training.evaluation.gate_findings import Verdict
from training.gates.trg009_budget import GATE


def ticking(candidate, seconds: float):
    """The candidate on a clock that moves on so much each time it is looked at."""
    ticks = count()
    return replace(candidate, clock=lambda: next(ticks) * seconds)


def test_a_slow_score_is_refused_with_its_time(sound) -> None:
    found = GATE.finding(ticking(sound, 0.2))
    assert found.verdict is Verdict.FAIL
    assert found.sentence.startswith("One case is scored in 200.0 ms (median of 40, at most 50 ms)")


def test_a_big_artefact_is_refused_with_its_size(sound) -> None:
    tight = replace(ticking(sound, 0.001), limits=replace(sound.limits, megabytes=0.01))
    found = GATE.finding(tight)
    assert found.verdict is Verdict.FAIL
    assert found.figures["megabytes"] > 0.01


def test_a_quick_and_small_model_passes(sound) -> None:
    found = GATE.finding(ticking(sound, 0.001))
    assert found.verdict is Verdict.PASS
    assert round(found.figures["milliseconds"], 6) == 1.0
