"""One honest candidate that all gates are tried on."""

import pytest

from tests.support.synthetic_candidates import build_candidate, quick_task, sound_training_set
from training.gates.gate import Candidate


@pytest.fixture(scope="session")
def sound() -> Candidate:
    """Two classes, three sites, nothing wrong."""
    return build_candidate(sound_training_set())


@pytest.fixture(scope="session")
def sound_classes() -> Candidate:
    """Four classes and an interval of the target, nothing wrong."""
    return build_candidate(sound_training_set(classes=4), quick_task(4, quantiles=(0.1, 0.5, 0.9)))
