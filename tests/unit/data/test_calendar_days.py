"""A promise is a day at the site, in every time zone and when the clocks change."""

from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.calendar_days import (
    days_from_to,
    end_of_day,
    ends_of_days,
    local_day,
    local_days,
    promise_day,
    promise_days,
)

ZONES = ["Europe/Berlin", "America/Chicago", "Asia/Kolkata", "Pacific/Auckland", None]


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        ("2026-03-31T22:30", "Europe/Berlin", "2026-04-01"),
        ("2026-03-31T21:59", "Europe/Berlin", "2026-03-31"),
        ("2026-04-01T00:30", "America/Chicago", "2026-03-31"),
        ("2026-04-01T00:00", "America/Chicago", "2026-03-31"),
        ("2026-10-25T00:30", "Europe/Berlin", "2026-10-25"),  # the clocks go back at 01:00 UTC
        ("2026-10-25T23:30", "Europe/Berlin", "2026-10-26"),
        ("2026-04-01T00:30", None, "2026-04-01"),
    ],
)
def test_a_moment_belongs_to_the_day_that_the_sites_clocks_showed(moment, zone, day):
    assert local_day(at(moment), zone) == date.fromisoformat(day)


@pytest.mark.parametrize("zone", ZONES)
def test_a_promise_at_midnight_utc_is_that_calendar_day_everywhere(zone):
    assert promise_day(at("2026-04-01T00:00"), zone) == date(2026, 4, 1)


def test_a_promise_with_a_time_is_the_day_at_the_site():
    assert promise_day(at("2026-04-01T01:00"), "America/Chicago") == date(2026, 3, 31)


def test_a_day_is_over_when_the_next_begins_at_the_site():
    assert end_of_day(date(2026, 3, 29), "Europe/Berlin") == at("2026-03-29T22:00")
    assert end_of_day(date(2026, 10, 25), "Europe/Berlin") == at("2026-10-25T23:00")
    assert end_of_day(date(2026, 10, 25), None) == at("2026-10-26T00:00")


MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2199, 12, 30))  # noqa: DTZ001 - UTC


@given(st.lists(st.tuples(MOMENTS, st.sampled_from(ZONES)), max_size=20))
def test_arrays_and_single_values_agree(rows):
    moments = np.array([moment for moment, _ in rows], dtype="datetime64[us]")
    zones = np.array([zone for _, zone in rows], dtype=object)
    aware = [(moment.replace(tzinfo=UTC), zone) for moment, zone in rows]
    days = [local_day(*one) for one in aware]
    assert local_days(moments, zones).tolist() == days
    over = [end_of_day(day, zone) for day, (_, zone) in zip(days, aware, strict=True)]
    ends = ends_of_days(np.array(days, dtype="datetime64[D]"), zones)
    assert ends.tolist() == [moment.replace(tzinfo=None) for moment in over]
    assert promise_days(moments, zones).tolist() == [promise_day(*one) for one in aware]


def test_what_is_missing_stays_missing():
    moments = np.array(["2026-04-01T01:00", "NaT"], dtype="datetime64[us]")
    zones = np.array(["America/Chicago", "America/Chicago"], dtype=object)
    days = local_days(moments, zones)
    assert str(days[0]) == "2026-03-31"
    assert np.isnat(days[1])
    assert np.isnan(days_from_to(days, promise_days(moments, zones))[1])
    assert np.isnat(ends_of_days(days, zones)[1])
