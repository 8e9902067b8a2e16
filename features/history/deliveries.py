"""Deliveries: purchase order lines at the receipt that closed them.

A line with partial receipts counts once, at the posting that made it complete (all of the
ordered quantity in, or the posting marked final), or when it was known to be closed short.
Its delay is counted in days at the site, from the promised day to the day of that receipt, or
of the last one of a line closed short; its event is known when the line was known to be
complete. Postings before it never count as a delivery, so a supplier does not look punctual
for sending a first part. Where the postings are reversed later, the delivery is taken back.
"""

from __future__ import annotations

from collections.abc import Mapping

from data.contracts.items import CATEGORY
from data.contracts.purchase_orders import ORIGIN, PO_LINE_ID, PROMISED_AT, TRANSPORT_MODE
from data.contracts.sites import SITE_ID, TIME_ZONE
from data.contracts.suppliers import SUPPLIER_ID
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column
from data.lazy_imports import ibis, ir
from data.row_versions.stored_rows import FIRST_KNOWN_AT, SUPERSEDED_AT
from features.history.daily_sums import WEIGHT
from features.history.integer_measures import (
    day_number,
    flag_as_integer,
    integer_literal,
    latest_moment,
)
from features.history.order_lines import (
    ARRIVED_AT,
    ORDERED,
    PROMISE_DAY,
    SINCE,
    UNTIL,
    complete_spans,
    order_lines,
)
from features.history.row_versions import current_at
from features.history.shared_events import computed_once
from features.history.site_days import local_day
from features.history.stream import Stream

MEASURES = {
    "promised": 1,
    "late": 1,
    "early": 1,
    "delay_days": 1,
    "delay_days_sq": 1,
    "lead_days": 1,
    "posting_days": 1,
    "short": 1,
    "damaged": 1,
}


def deliveries_by(
    name: str, *key: Column, windows: tuple[int, ...], last: tuple[str, ...] = ()
) -> Stream:
    """Deliveries of each entity that `key` names."""
    return Stream(
        name=name,
        key=key,
        events=lambda tables: deliveries(tables).select(*key, KNOWN_AT, WEIGHT, *MEASURES),
        measures=MEASURES,
        windows=windows,
        last=last,
    )


SUPPLIER_DELIVERIES = deliveries_by(
    "supplier_deliveries", SUPPLIER_ID, windows=(28, 91, 364), last=("delay_days",)
)
SITE_DELIVERIES = deliveries_by("site_deliveries", SITE_ID, windows=(28, 91, 364))


@computed_once
def deliveries(tables: Mapping[str, ir.Table]) -> ir.Table:
    """One row a completed order line: its keys, known_at, WEIGHT and the measures as integers.

    A line without a promise counts as an event, but not in `promised`, which is what
    shares of late lines and means of delay are taken of. A delivery that was reversed on a
    later day has a second row, since when that was known, that takes the first one back.
    """
    lines = _completed_lines(tables)
    delay = lines.arrival_day - lines[PROMISE_DAY]
    delivered = lines.mutate(
        promised=flag_as_integer(lines[PROMISED_AT].notnull()),
        late=flag_as_integer(delay > 0),
        early=flag_as_integer(delay < 0),
        delay_days=delay,
        delay_days_sq=delay * delay,
        lead_days=lines.arrival_day - local_day(lines.ordered_at, lines[TIME_ZONE]),
        posting_days=local_day(lines[SINCE], lines[TIME_ZONE]) - lines.arrival_day,
        short=flag_as_integer(lines.received < lines[ORDERED]),
        damaged=flag_as_integer(lines.spoiled > 0),
    )
    reversed_later = delivered.filter(delivered[UNTIL].notnull())
    return ibis.union(_rows(delivered, SINCE, 1), _rows(reversed_later, UNTIL, -1))


def _completed_lines(tables: Mapping[str, ir.Table]) -> ir.Table:
    orders = order_lines(tables).rename(ordered_at=HAPPENED_AT, ordered_known_at=KNOWN_AT)
    lines = complete_spans(tables).inner_join(orders, PO_LINE_ID)
    seen_at = latest_moment(lines[SINCE], lines[FIRST_KNOWN_AT])
    lines = lines.filter(current_at(seen_at, lines.ordered_known_at, lines[SUPERSEDED_AT]))
    # History is counted by UTC days: what was reversed on the same one was never seen.
    seen = (day_number(lines[SINCE]) != day_number(lines[UNTIL])).fill_null(True)
    came = lines.filter(lines[ARRIVED_AT].notnull(), lines.received > 0, seen)
    return came.mutate(arrival_day=local_day(came[ARRIVED_AT], came[TIME_ZONE]))


def _rows(lines: ir.Table, at: str, weight: int) -> ir.Table:
    """Deliveries, or what takes them back, known at the moment in column `at`."""
    return lines.select(
        "site_id",
        "supplier_id",
        "item_id",
        CATEGORY,
        ORIGIN,
        TRANSPORT_MODE,
        "channel",
        known_at=latest_moment(lines[at], lines[FIRST_KNOWN_AT]),
        **{WEIGHT: integer_literal(weight)},
        **{name: (lines[name] * weight).cast("int64") for name in MEASURES},
    )
