"""Calendar days at a site: a promise is a day there, not a moment.

A promise that was stated without a time is kept as midnight UTC and stands for that calendar day,
wherever the site is. Any other moment belongs to the day that the site's clocks showed. A day is
over when the next one begins at the site (CISG art. 33: a term in days ends with the day).

The functions on arrays and those on single values agree; a site without a time zone is in UTC.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Moments = NDArray[np.datetime64]
Days = NDArray[np.datetime64]

QUARTER_HOUR = 900  # seconds: clocks change at the beginning of one, in all time zones
MIDNIGHT = time()


def local_day(moment: datetime, zone: str | None) -> date:
    """Return the calendar day that a site's clocks showed at a moment."""
    return moment.astimezone(_zone(zone)).date()


def promise_day(promised_at: datetime, zone: str | None) -> date:
    """Return the day at the site that a promise is for; midnight UTC stands for that day."""
    in_utc = promised_at.astimezone(UTC)
    return in_utc.date() if in_utc.time() == MIDNIGHT else local_day(promised_at, zone)


def end_of_day(day: date, zone: str | None) -> datetime:
    """Return the moment, in UTC, at which a day at the site is over."""
    midnight = datetime.combine(day + timedelta(days=1), MIDNIGHT, _zone(zone))
    return midnight.astimezone(UTC)


def local_days(moments: Moments, zones: NDArray[Any]) -> Days:
    """Return the calendar day of each moment at its site; NaT where the moment is missing.

    Args:
        moments: datetime64[us], in UTC.
        zones: IANA name of each site's time zone; None where it is not known.
    """
    return (moments + _utc_offsets(moments, zones)).astype("datetime64[D]")


def promise_days(promised_at: Moments, zones: NDArray[Any]) -> Days:
    """Return the day of each promise at its site, see `promise_day`."""
    in_utc = promised_at.astype("datetime64[D]")
    return np.where(in_utc == promised_at, in_utc, local_days(promised_at, zones))


def ends_of_days(days: Days, zones: NDArray[Any]) -> Moments:
    """Return the moment, in UTC, at which each day at its site is over, see `end_of_day`."""
    ends = (days + np.timedelta64(1, "D")).astype("datetime64[us]")
    known = ~np.isnat(days)
    for zone in {name for name in zones.tolist() if isinstance(name, str)}:
        rows = np.flatnonzero(known & (zones == zone))
        distinct, place = np.unique(days[rows], return_inverse=True)
        over = [end_of_day(day, zone).replace(tzinfo=None) for day in distinct.tolist()]
        ends[rows] = np.array(over, dtype="datetime64[us]")[place]
    return ends


def days_from_to(start: Days, end: Days) -> NDArray[np.float64]:
    """Count whole days from one day to another; NaN where either is missing."""
    span = end - start
    return np.where(np.isnat(span), np.nan, span.astype(np.float64))


def _utc_offsets(moments: Moments, zones: NDArray[Any]) -> NDArray[np.timedelta64]:
    """Return local time less UTC at each moment."""
    offsets = np.zeros(len(moments), dtype="timedelta64[s]")
    known = ~np.isnat(moments)
    quarter = np.zeros(len(moments), dtype=np.int64)
    quarter[known] = moments[known].astype("datetime64[s]").astype(np.int64) // QUARTER_HOUR
    for zone in {name for name in zones.tolist() if isinstance(name, str)}:
        rows = np.flatnonzero(known & (zones == zone))
        distinct, place = np.unique(quarter[rows], return_inverse=True)
        seconds = [_offset_seconds(zone, int(number)) for number in distinct]
        offsets[rows] = np.array(seconds, dtype="timedelta64[s]")[place]
    return offsets


@lru_cache(100_000)
def _offset_seconds(zone: str, quarter: int) -> int:
    """Return the offset of a zone in the quarter of an hour that is so many after 1970."""
    offset = datetime.fromtimestamp(quarter * QUARTER_HOUR, _zone(zone)).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


@lru_cache(1000)
def _zone(name: str | None) -> ZoneInfo:
    return ZoneInfo(name or "UTC")
