"""Events go to https only, signed or not at all."""

import pytest

from serving.events.event_type import EventType
from serving.events.settings import EventSettings


@pytest.mark.parametrize(
    "url",
    ["http://example.com/hook", "http://10.0.0.1/x", "ftp://127.0.0.1/", "example.com", "https://",
     "https://ada:hunter2@example.com/", "http://localhost.example.com/"],
)  # fmt: skip
def test_an_address_that_others_can_read_along_is_refused(url, secret_file):
    with pytest.raises(ValueError, match="TRIAGE_EVENTS_URL") as refused:
        EventSettings(url=url, secret_file=secret_file).checked()
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["https://example.com/hook", "http://127.0.0.1:1/", "http://[::1]/"]
)
def test_https_and_this_machine_are_taken(url, secret_file):
    assert EventSettings(url=url, secret_file=secret_file).checked().url == url


def test_without_a_secret_nothing_is_sent():
    with pytest.raises(ValueError, match="signed or not at all"):
        EventSettings(url="https://example.com").checked()


def test_types_are_chosen_by_name():
    assert EventSettings(types="").wanted == frozenset(EventType)
    chosen = EventSettings(types="decision.recorded, drift.detected").wanted
    assert chosen == {EventType.DECISION_RECORDED, EventType.DRIFT_DETECTED}
    with pytest.raises(ValueError, match=r"'decision\.made'; there are recommendation\.given"):
        EventSettings(types="decision.made").checked()
