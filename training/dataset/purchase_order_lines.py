"""Queries on purchase order lines.

When a line was complete, and which rows of it were known when asked.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from data.contracts.purchase_orders import PO_LINE_ID, PURCHASE_ORDERS, QUANTITY_ORDERED
from data.contracts.receipts import FINAL, QUANTITY_RECEIVED, RECEIPT_ID, RECEIPTS
from data.contracts.supplier_events import EVENT_ID, MESSAGE_NUMBER, SUPPLIER_EVENTS
from data.contracts.table import HAPPENED_AT, KNOWN_AT
from data.store import Store
from features.builders.order_documents import EVENT_COLUMNS, NUMBERED_MESSAGE
from training.dataset.asks import ASKED_AT, ROW

COMPLETED_AT = "completed_at"
COMPLETED_KNOWN_AT = "completed_known_at"


def completed_lines(store: Store) -> ir.Table:
    """The lines that were received in full: key, COMPLETED_AT, COMPLETED_KNOWN_AT.

    A line is complete with the receipt that closes it (`final`) or brings the running
    total, in the order the goods came, to what was ordered. What is returned later does not
    open it again. COMPLETED_KNOWN_AT is when the last receipt that it took was known.
    """
    reached = _receipts_completing_lines(store, [HAPPENED_AT, KNOWN_AT, RECEIPT_ID])
    return reached.group_by(PO_LINE_ID).agg(
        completed_at=reached[HAPPENED_AT].min(), completed_known_at=reached["known_by"].min()
    )


def lines_known_complete(store: Store) -> ir.Table:
    """The lines that receipts known at COMPLETED_KNOWN_AT, and no later ones, completed."""
    reached = _receipts_completing_lines(store, [KNOWN_AT, RECEIPT_ID])
    return reached.group_by(PO_LINE_ID).agg(completed_known_at=reached[KNOWN_AT].min())


def in_thousandths(quantity: ir.Value) -> ir.Value:
    """A quantity as an integer: sums of integers do not depend on their order."""
    return (quantity.fill_null(0.0) * 1000).round().cast("int64")


def _receipts_completing_lines(store: Store, order: list[str]) -> ir.Table:
    lines = store.table(PURCHASE_ORDERS.name).select(PO_LINE_ID, QUANTITY_ORDERED)
    receipts = store.table(RECEIPTS.name).inner_join(lines, [PO_LINE_ID])
    so_far = ibis.cumulative_window(group_by=PO_LINE_ID, order_by=order)
    summed = receipts.mutate(
        total=in_thousandths(receipts[QUANTITY_RECEIVED]).sum().over(so_far),
        known_by=receipts[KNOWN_AT].max().over(so_far),
    )
    closed = summed[FINAL].fill_null(False)
    return summed.filter(closed | (summed["total"] >= in_thousandths(summed[QUANTITY_ORDERED])))


def messages_known_of_line(numbered: ir.Table, store: Store) -> ir.Table:
    """The messages about each ask's order line that were known when it was asked, each once."""
    return rows_known_of_line(
        numbered, distinct_messages(store.table(SUPPLIER_EVENTS.name)), EVENT_ID
    )


def distinct_messages(events: ir.Table) -> ir.Table:
    """Keep the first known copy of each message; see `features.builders.order_documents`."""
    numbered = events[MESSAGE_NUMBER].notnull()
    content = [
        events[c] if c in NUMBERED_MESSAGE else numbered.ifelse(ibis.null(), events[c])
        for c in EVENT_COLUMNS
        if c != KNOWN_AT
    ]
    copies = ibis.window(
        group_by=[events[PO_LINE_ID], *content], order_by=[events[KNOWN_AT], events[EVENT_ID]]
    )
    ranked = events.mutate(copy=ibis.row_number().over(copies))
    return ranked.filter(ranked["copy"] == 0).drop("copy")


def rows_known_of_line(numbered: ir.Table, rows: ir.Table, key: str) -> ir.Table:
    """The rows of each ask's order line that were known when it was asked."""
    asked = numbered.select(ROW, ASKED_AT, PO_LINE_ID)
    joined = asked.inner_join(rows, [PO_LINE_ID])
    return joined.filter(joined[KNOWN_AT] <= joined[ASKED_AT]).mutate(tie=joined[key])
