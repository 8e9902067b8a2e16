"""Calendar days at a site in Ibis, as `data.calendar_days` counts them in numpy.

A promise at midnight UTC is that calendar day, any other moment the day that the site's clocks
showed. A site that is not in `sites`, or has no time zone there, is in UTC. Sums of history
stay at the grain of UTC days of `known_at` (see `features.history.daily_sums`): only what is
measured in days, and when a day is over, goes by the site's clocks.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from data.contracts.sites import SITE_ID, TIME_ZONE
from data.contracts.table import KNOWN_AT
from data.lazy_imports import ibis, ir
from data.row_versions.stored_rows import SUPERSEDED_AT
from features.history.row_versions import current_at, with_spans

UTC_ZONE = "UTC"
MOMENT = "timestamp('UTC', 6)"
WALL_CLOCK = "timestamp(6)"
LONGEST_REPEAT = 1  # hours that a clock is put back by, where midnight comes twice


def with_time_zones(rows: ir.Table, sites: ir.Table) -> ir.Table:
    """Add TIME_ZONE of each row's site, where it was known when the row was; UTC where not."""
    sites = with_spans(sites)
    zones = sites.select(
        zone_site=SITE_ID,
        zone=TIME_ZONE,
        zone_known_at=KNOWN_AT,
        zone_superseded_at=SUPERSEDED_AT,
    )
    rows = rows.drop(TIME_ZONE) if TIME_ZONE in rows.columns else rows
    known = current_at(rows[KNOWN_AT], zones["zone_known_at"], zones["zone_superseded_at"])
    placed = rows.left_join(zones, [rows[SITE_ID] == zones["zone_site"], known])
    zone = ibis.coalesce(placed["zone"], ibis.literal(UTC_ZONE))
    return placed.select(*rows.columns, **{TIME_ZONE: zone})


def local_day(moment: ir.TimestampValue, zone: ir.StringValue) -> ir.IntegerValue:
    """Return the days since 1970 of the day that the site's clocks showed."""
    return _day_number(_clocks()["shown"](zone, moment))


def promise_day(promised_at: ir.TimestampValue, zone: ir.StringValue) -> ir.IntegerValue:
    """Return the days since 1970 of the promised day; midnight UTC stands for that day."""
    in_utc = _clocks()["shown"](ibis.literal(UTC_ZONE), promised_at)
    no_time = in_utc == in_utc.truncate("D")
    return no_time.ifelse(_day_number(in_utc), local_day(promised_at, zone))


def end_of_day(day: ir.IntegerValue, zone: ir.StringValue) -> ir.TimestampValue:
    """Return the moment at which a day at the site is over: the first that shows the next."""
    midnight = ibis.literal("1970-01-01 00:00:00").cast(WALL_CLOCK) + (day + 1).as_interval("D")
    last = _clocks()["meant"](zone, midnight)
    first = last - ibis.interval(hours=LONGEST_REPEAT)
    return (local_day(first, zone) == day + 1).ifelse(first, last)


def midnight_of_day(day: ir.IntegerValue) -> ir.TimestampValue:
    """Return midnight UTC, the moment that stands for a calendar day."""
    return (ibis.literal("1970-01-01 00:00:00").cast(WALL_CLOCK) + day.as_interval("D")).cast(
        MOMENT
    )


def _day_number(shown: ir.TimestampValue) -> ir.IntegerValue:
    return shown.date().epoch_days().cast("int64")


@cache
def _clocks() -> dict[str, Any]:
    """The engine's conversions between moments and what a zone's clocks show.

    Made on first use: Ibis is imported only by what makes tables.
    """

    def timezone(zone: str, moment: object) -> object:
        """Convert a moment to a wall clock or back; the engine has both under one name."""

    builtin = ibis.udf.scalar.builtin
    return {
        "shown": builtin(timezone, signature=(("string", MOMENT), WALL_CLOCK)),
        "meant": builtin(timezone, signature=(("string", WALL_CLOCK), MOMENT)),
    }
