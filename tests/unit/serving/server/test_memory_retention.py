"""Nothing of a request is held once it is answered."""

import pytest

from tests.bench.retained_objects import retained_objects_after, service

pytestmark = pytest.mark.slow(12)

MORE = 960


def test_no_objects_are_left_behind_by_requests(tmp_path):
    with service(tmp_path) as app:
        first, *later = retained_objects_after(app, [320, MORE, MORE])
    assert max(later) - first < MORE / 4, (first, later)  # one a request would be at least 960


def test_the_check_sees_objects_that_a_request_leaves_behind(tmp_path, monkeypatch):
    left = []
    with service(tmp_path) as app:
        tracker = app.state.in_flight
        track = tracker.track
        monkeypatch.setattr(tracker, "track", lambda: left.append([]) or track())
        first, last = retained_objects_after(app, [320, MORE])
    assert last - first > MORE / 2
