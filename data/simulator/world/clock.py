"""Simulated time: whole minutes since midnight UTC of the first day."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

DAY = 1440  # minutes
HOUR = 60
NEVER = np.iinfo(np.int64).min  # becomes a missing moment

Ints = NDArray[np.int64]


def utc_timestamps(minutes: NDArray[Any], start: date) -> pd.Series:
    """Minutes since the start as UTC timestamps; `NEVER` is missing."""
    origin = np.datetime64(start, "m")
    stamps = origin + minutes.astype("timedelta64[m]")
    return pd.Series(stamps.astype("datetime64[us]")).dt.tz_localize("UTC")


def weekday(days: NDArray[Any] | int, start: date) -> Ints:
    """Day of the week, Monday 0."""
    return np.asarray((np.asarray(days) + start.weekday()) % 7, dtype=np.int64)


def next_working_day(days: Ints, start: date) -> Ints:
    """The day itself, or the Monday after where it falls on a weekend."""
    of_week = weekday(days, start)
    return days + np.where(of_week >= 5, 7 - of_week, 0)


def year_angle(days: NDArray[Any], start: date) -> NDArray[np.float64]:
    """Return the day of the year as an angle in radians; 0 is 1 January."""
    day_of_year = (np.asarray(days) + start.timetuple().tm_yday) % 365.25
    return np.asarray(2 * np.pi * day_of_year / 365.25, dtype=np.float64)


def avoid_clock_changes(minutes: Ints, start: date) -> Ints:
    """Minutes outside the hours that some site's clock shows twice or not at all.

    On the Sundays on which clocks are changed, systems are down until 08:00 UTC: what would
    have been recorded before is recorded then.
    """
    days = minutes // DAY
    stamps = np.datetime64(start, "D") + days.astype("timedelta64[D]")
    month = stamps.astype("datetime64[M]").astype(np.int64) % 12 + 1
    changes = np.isin(month, (3, 10, 11)) & (weekday(days, start) == 6)
    early = changes & (minutes % DAY < 8 * HOUR)
    return np.where(early, days * DAY + 8 * HOUR, minutes)
