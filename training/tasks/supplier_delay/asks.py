"""Asks of supplier_delay: open purchase order lines, when ordered and as the promise nears."""

from __future__ import annotations

from datetime import datetime
from functools import reduce

import ibis
import ibis.expr.types as ir

from data.contracts.items import BASE_UNIT, ITEM_ID, ITEM_NAME, ITEMS
from data.contracts.purchase_orders import (
    LINE_VALUE,
    PO_ID,
    PO_LINE_ID,
    PO_UNIT_PRICE,
    PROMISED_AT,
    QUANTITY_ORDERED,
    SHIPMENT_ID,
)
from data.contracts.receipts import RECEIPT_ID, RECEIPTS
from data.contracts.sites import SITE_ID, SITE_NAME, SITES, TIME_ZONE
from data.contracts.suppliers import SUPPLIER_ID, SUPPLIER_NAME, SUPPLIERS
from data.contracts.table import HAPPENED_AT, KNOWN_AT
from data.row_versions.stored_rows import FIRST_KNOWN_AT, SUPERSEDED_AT
from data.store import Store
from features.builders.order_documents import EVENTS, ORDERED_AT
from features.history.order_lines import PROMISE_DAY
from features.history.row_versions import current_at
from features.history.site_days import local_day, midnight_of_day
from features.tasks.supplier_delay.shape import SUPPLIER_DELAY_SHAPE
from models.task import Task
from training.dataset.ask_queries import (
    SPAN,
    UTC,
    collect_asks,
    day_text,
    filter_asked_between,
    join_master_as_known,
    midnight_after,
)
from training.dataset.asks import ASKED_AT, Asks
from training.dataset.purchase_order_lines import (
    messages_known_of_line,
    open_when_asked,
    rows_known_of_line,
    versions_of_lines,
    with_state_when_asked,
)

OPEN_AHEAD_DAYS = 21
_MASTER_COLUMNS = (
    (SITES, SITE_ID, (SITE_NAME, TIME_ZONE)),
    (SUPPLIERS, SUPPLIER_ID, (SUPPLIER_NAME,)),
    (ITEMS, ITEM_ID, (ITEM_NAME, BASE_UNIT)),
)
# A line this long overdue is a matter of clearing up old orders, not of its delay.
OVERDUE_DAYS = 30


def query_asks(
    store: Store,
    task: Task,
    since: datetime | None = None,
    until: datetime | None = None,
    max_rows: int | None = None,
) -> Asks:
    """Query each promised line a day after it was known and `ask_before_days` before promise.

    A line is asked about while it is open as far as was known then, at midnight. `since` is
    inclusive, `until` exclusive, on the moment of asking.
    """
    lines = _promised_lines(store)
    moments = [midnight_after(lines[FIRST_KNOWN_AT], 1)]
    moments += [midnight_of_day(lines[PROMISE_DAY] - days) for days in task.ask_before_days]
    asked = reduce(
        _union_tables, (lines.mutate(**{ASKED_AT: moment}) for moment in moments)
    ).distinct()
    known = asked.filter(
        asked[ASKED_AT] > asked[KNOWN_AT],
        current_at(asked[ASKED_AT], asked[KNOWN_AT], asked[SUPERSEDED_AT]),
    )
    return _collect(
        store, filter_asked_between(open_when_asked(known, store), since, until), max_rows
    )


def query_open_asks(store: Store, task: Task, at: datetime) -> Asks:
    """Query open lines promised in OPEN_AHEAD_DAYS days, or overdue by OVERDUE_DAYS at most.

    Both terms are counted in days at the site and include their last one.
    """
    del task
    lines = _promised_lines(store).mutate(**{ASKED_AT: ibis.literal(at, type=UTC)})
    today = local_day(lines[ASKED_AT], lines[TIME_ZONE])
    due = lines[PROMISE_DAY].between(today - OVERDUE_DAYS, today + OPEN_AHEAD_DAYS)
    known = current_at(lines[ASKED_AT], lines[KNOWN_AT], lines[SUPERSEDED_AT])
    asked = lines.filter(due, known)
    return _collect(store, open_when_asked(asked, store), None)


def _union_tables(left: ir.Table, right: ir.Table) -> ir.Table:
    return left.union(right)


def _promised_lines(store: Store) -> ir.Table:
    lines = versions_of_lines(store)
    return lines.filter(lines[PROMISED_AT].notnull())


def _collect(store: Store, asked: ir.Table, max_rows: int | None) -> Asks:
    asked = with_state_when_asked(asked.drop(TIME_ZONE, SUPERSEDED_AT, FIRST_KNOWN_AT))
    for table, key, columns in _MASTER_COLUMNS:
        master = store.versions(table.name).select(key, *columns, KNOWN_AT, *SPAN)
        asked = join_master_as_known(asked, master, key)
    value = ibis.coalesce(asked[LINE_VALUE], asked[QUANTITY_ORDERED] * asked[PO_UNIT_PRICE])
    base = asked.mutate(
        ask_id=asked[PO_LINE_ID] + "@" + day_text(asked[ASKED_AT]),
        group=ibis.coalesce(asked[SHIPMENT_ID], asked[PO_ID]),
        money_at_risk=value,
        **{ORDERED_AT: asked[HAPPENED_AT]},
    )
    children = {
        "receipts": lambda numbered: rows_known_of_line(
            numbered, store.versions(RECEIPTS.name), RECEIPT_ID
        ),
        EVENTS: lambda numbered: messages_known_of_line(numbered, store),
    }
    return collect_asks(base, SUPPLIER_DELAY_SHAPE, children, max_rows)
