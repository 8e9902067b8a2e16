"""Pauses grow, are bounded, and wait for as long as the receiver asks."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.events.webhook import (
    INITIAL_DELAY_SECONDS,
    MAX_DELAY_SECONDS,
    MAX_RETRY_AFTER_SECONDS,
    parse_retry_after,
    retry_delay,
)

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
TRIES = st.integers(1, 10_000)
CHANCE = st.floats(0, 1)


@given(TRIES, CHANCE)
def test_a_pause_is_never_shorter_than_half_the_first_nor_longer_than_the_longest(tries, chance):
    assert INITIAL_DELAY_SECONDS / 2 <= retry_delay(tries, chance) <= MAX_DELAY_SECONDS


@given(TRIES, CHANCE)
def test_the_next_pause_is_no_shorter(tries, chance):
    assert retry_delay(tries, chance) <= retry_delay(tries + 1, chance)


@given(TRIES, CHANCE, st.floats(0, 1e9))
def test_retry_after_is_obeyed_up_to_a_bound(tries, chance, asked):
    assert min(asked, MAX_RETRY_AFTER_SECONDS) <= retry_delay(tries, chance, asked)
    assert retry_delay(tries, chance, asked) <= max(MAX_DELAY_SECONDS, MAX_RETRY_AFTER_SECONDS)


@given(st.text(max_size=40))
def test_no_header_breaks_it(text):
    assert parse_retry_after(text, NOW) >= 0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120), (" 7 ", 7), ("Fri, 20 Mar 2026 12:01:00 GMT", 60), ("", 0), ("soon", 0),
     ("Fri, 20 Mar 2026 11:00:00 GMT", 0), ("-5", 0)],
)  # fmt: skip
def test_seconds_and_dates_are_read(text, seconds):
    assert parse_retry_after(text, NOW) == seconds
