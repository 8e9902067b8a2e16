"""Asks of uninvoiced_receipt: receipts without an invoice, the midnight after their posting."""

from __future__ import annotations

from datetime import datetime, timedelta

import ibis
import ibis.expr.types as ir

from data.contracts.invoices import INVOICES
from data.contracts.purchase_orders import LINE_VALUE, PO_LINE_ID, PURCHASE_ORDERS
from data.contracts.receipts import RECEIPT_ID, RECEIPTS
from data.contracts.table import HAPPENED_AT, KNOWN_AT
from data.store import Store
from features.tasks.uninvoiced_receipt.feature_set import RECEIVED_AT, SHAPE
from models.task import Task
from training.dataset.ask_queries import (
    UTC,
    collect_asks,
    day_text,
    filter_asked_between,
    join_master_as_known,
    midnight_after,
)
from training.dataset.asks import ASKED_AT, Asks

INVOICED_AT = "invoiced_at"
OPEN_BACK_DAYS = 14


def query_asks(
    store: Store,
    task: Task,
    since: datetime | None = None,
    until: datetime | None = None,
    max_rows: int | None = None,
) -> Asks:
    """Query each receipt the midnight after it was posted, if it has no invoice by then."""
    del task
    receipts = _receipts(store)
    asked = receipts.mutate(**{ASKED_AT: midnight_after(receipts[KNOWN_AT], 1)})
    return _collect(store, filter_asked_between(asked, since, until), max_rows)


def query_open_asks(store: Store, task: Task, at: datetime) -> Asks:
    """Query the receipts of the last OPEN_BACK_DAYS days that have no invoice at that moment."""
    del task
    receipts = _receipts(store).mutate(**{ASKED_AT: ibis.literal(at, type=UTC)})
    since = ibis.literal(at - timedelta(days=OPEN_BACK_DAYS), type=UTC)
    posted = receipts.filter(receipts[KNOWN_AT] <= receipts[ASKED_AT], receipts[KNOWN_AT] >= since)
    return _collect(store, posted, None)


def first_invoices(store: Store) -> ir.Table:
    """Query when the first invoice of each receipt's order line was booked, as INVOICED_AT."""
    invoices = store.table(INVOICES.name)
    first = invoices.group_by(PO_LINE_ID).agg(**{INVOICED_AT: invoices[KNOWN_AT].min()})
    receipts = store.table(RECEIPTS.name).select(RECEIPT_ID, PO_LINE_ID)
    return receipts.inner_join(first, [PO_LINE_ID]).select(RECEIPT_ID, INVOICED_AT)


def _receipts(store: Store) -> ir.Table:
    receipts = store.table(RECEIPTS.name)
    return receipts.mutate(**{RECEIVED_AT: receipts[HAPPENED_AT]}).drop(HAPPENED_AT)


def _collect(store: Store, asked: ir.Table, max_rows: int | None) -> Asks:
    asked = asked.left_join(first_invoices(store), [RECEIPT_ID]).drop(f"{RECEIPT_ID}_right")
    asked = asked.filter(asked[INVOICED_AT].isnull() | (asked[INVOICED_AT] > asked[ASKED_AT]))
    asked = join_master_as_known(asked, store.table(PURCHASE_ORDERS.name), PO_LINE_ID)
    base = asked.mutate(
        ask_id=asked[RECEIPT_ID] + "@" + day_text(asked[ASKED_AT]),
        group=asked[PO_LINE_ID],
        money_at_risk=asked[LINE_VALUE],
    )
    return collect_asks(base, SHAPE, {}, max_rows)
