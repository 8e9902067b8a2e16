"""Small runs of what `python -m tests.swapping` does at large."""

import pytest

from tests.support.ports import free_port
from tests.swapping import restarts
from tests.swapping.trial import run

pytestmark = pytest.mark.slow(25)


def test_no_accepted_request_fails_when_the_service_is_restarted_under_load(tmp_path):
    made = restarts.run(tmp_path, free_port(), restarts=1, between=60, clients=3)
    assert made.wrong == []
    assert made.replayed == []
    assert made.cut == set()
    assert made.sent_again > 0  # it was away while they asked
    assert len(made.answered) >= 120


def test_under_load_what_is_named_is_what_scored_and_nothing_damaged_is_loaded(tmp_path):
    made = run(tmp_path, free_port(), requests=200, damaged=9, clients=2, every=9)
    assert made.load.failed == []
    assert made.load.wrong == []
    assert made.offered == 9
    assert made.refused >= 9
    assert made.loaded <= set(made.load.versions.digests.values())
    assert len(made.load.by_version) == 3
