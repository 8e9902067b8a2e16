"""One honest candidate that all gates are tried on."""

import pytest

from tests.synthetic_candidate import asked, candidate, honest
from training.gates.gate import Candidate


@pytest.fixture(scope="session")
def sound() -> Candidate:
    """Two classes, three sites, nothing wrong."""
    return candidate(honest())


@pytest.fixture(scope="session")
def sound_classes() -> Candidate:
    """Four classes and an interval of the target, nothing wrong."""
    return candidate(honest(classes=4), asked(4, quantiles=(0.1, 0.5, 0.9)))
