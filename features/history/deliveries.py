"""Deliveries: purchase order lines at the receipt that closed them.

A line with partial receipts counts once, at the posting that made it complete (all of the
ordered quantity in, or the posting marked final). Its delay is that receipt's day less
the promised day; its event is known when that receipt was posted. Postings before it
never count as a delivery, so a supplier does not look punctual for sending a first part.
"""

from __future__ import annotations

from collections.abc import Mapping

from data.contracts.items import CATEGORY
from data.contracts.purchase_orders import (
    ORIGIN,
    PO_LINE_ID,
    PROMISED_AT,
    QUANTITY_ORDERED,
    TRANSPORT_MODE,
)
from data.contracts.receipts import FINAL, QUANTITY_DAMAGED, QUANTITY_RECEIVED, RECEIPT_ID
from data.contracts.sites import SITE_ID
from data.contracts.suppliers import SUPPLIER_ID
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column
from data.lazy_imports import ibis, ir
from features.history.integer_measures import (
    QUANTITY,
    day_number,
    flag_as_integer,
    latest_moment,
    scaled_integer,
)
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
        events=lambda tables: deliveries(tables).select(*key, KNOWN_AT, *MEASURES),
        measures=MEASURES,
        windows=windows,
        last=last,
    )


SUPPLIER_DELIVERIES = deliveries_by(
    "supplier_deliveries", SUPPLIER_ID, windows=(28, 91, 364), last=("delay_days",)
)
SITE_DELIVERIES = deliveries_by("site_deliveries", SITE_ID, windows=(28, 91, 364))


def deliveries(tables: Mapping[str, ir.Table]) -> ir.Table:
    """One row a closed order line: its keys, known_at and the measures as integers.

    A line without a promise counts as an event, but not in `promised`, which is what
    shares of late lines and means of delay are taken of.
    """
    lines = closed_lines(tables)
    delay = day_number(lines.arrived_at) - day_number(lines[PROMISED_AT])
    promised = flag_as_integer(lines[PROMISED_AT].notnull())
    return lines.select(
        "site_id",
        "supplier_id",
        "item_id",
        CATEGORY,
        ORIGIN,
        TRANSPORT_MODE,
        "channel",
        KNOWN_AT,
        promised=promised,
        late=flag_as_integer(delay > 0),
        early=flag_as_integer(delay < 0),
        delay_days=delay,
        delay_days_sq=delay * delay,
        lead_days=(day_number(lines.arrived_at) - day_number(lines.ordered_at)).cast("int64"),
        posting_days=day_number(lines.receipt_known_at) - day_number(lines.arrived_at),
        short=flag_as_integer(lines.received < scaled_integer(lines[QUANTITY_ORDERED], QUANTITY)),
        damaged=flag_as_integer(lines.spoiled > 0),
    )


def closed_lines(tables: Mapping[str, ir.Table]) -> ir.Table:
    """Order lines that are closed, with `arrived_at`, `received`, `spoiled` (thousandths)."""
    orders = tables["purchase_orders"].rename(ordered_at=HAPPENED_AT, ordered_known_at=KNOWN_AT)
    receipts = tables["receipts"].select(
        PO_LINE_ID,
        RECEIPT_ID,
        FINAL,
        receipt_known_at=KNOWN_AT,
        arrived_at=HAPPENED_AT,
        quantity=scaled_integer(tables["receipts"][QUANTITY_RECEIVED], QUANTITY),
        damage=scaled_integer(tables["receipts"][QUANTITY_DAMAGED], QUANTITY),
    )
    so_far = ibis.cumulative_window(group_by=PO_LINE_ID, order_by=["receipt_known_at", RECEIPT_ID])
    lines = receipts.inner_join(orders, PO_LINE_ID).mutate(
        received=ibis._.quantity.sum().over(so_far).cast("int64"),
        spoiled=ibis._.damage.sum().over(so_far).cast("int64"),
    )
    complete = flag_as_integer(lines[FINAL]) + flag_as_integer(
        lines.received >= scaled_integer(lines[QUANTITY_ORDERED], QUANTITY)
    )
    lines = lines.mutate(complete=flag_as_integer(complete > 0))
    lines = lines.mutate(completions=ibis._.complete.sum().over(so_far))
    return lines.filter(lines.complete == 1, lines.completions == 1).mutate(
        known_at=latest_moment(lines.receipt_known_at, lines.ordered_known_at)
    )
