"""Queries on purchase order lines.

When a line was complete or open, and which rows of it were known when asked.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from data.contracts.purchase_orders import (
    LINE_STATE,
    PO_LINE_ID,
    PURCHASE_ORDERS,
    STATE_KNOWN_AT,
)
from data.contracts.receipts import POSTING_KIND, QUANTITY_RECEIVED, RECEIPTS, PostingKind
from data.contracts.sites import SITES
from data.contracts.supplier_events import EVENT_ID, SUPPLIER_EVENTS
from data.contracts.table import KNOWN_AT
from data.row_versions.stored_rows import SUPERSEDED_AT
from data.store import Store
from features.history.order_lines import (
    ARRIVED_AT,
    SINCE,
    UNTIL,
    completed_at_last,
    open_spans,
    order_lines,
)
from features.history.row_versions import current_at, with_spans
from features.history.supplier_messages import distinct_messages
from training.dataset.asks import ASKED_AT, ROW

COMPLETED_AT = "completed_at"
COMPLETED_KNOWN_AT = "completed_known_at"
STILL_OPEN = "still_open"
FOREVER = "9999-01-01T00:00:00+00:00"


def placed_lines(store: Store) -> ir.Table:
    """Order lines as they are now, with time zone and promised day, see `order_lines`."""
    return order_lines(_tables(store))


def versions_of_lines(store: Store) -> ir.Table:
    """All versions of order lines, with time zone and promised day, see `order_lines`."""
    return order_lines(_versions(store))


def line_ends(store: Store) -> ir.Table:
    """Ends of the lines: key, COMPLETED_AT, COMPLETED_KNOWN_AT and STILL_OPEN.

    A line is complete with the receipt that closes it or brings the running total, in the
    order the goods came, to what was ordered, or when it was closed short, with its last receipt
    (see `features.history.order_lines`). COMPLETED_KNOWN_AT is when the last posting that it took
    was known. A line that is neither complete nor open was cancelled, deleted, or closed
    with nothing received: it was not late.
    """
    tables = _tables(store)
    lines = tables[PURCHASE_ORDERS.name].select(PO_LINE_ID)
    spans = open_spans(tables)
    still = spans.filter(spans[UNTIL].isnull()).select(open_line=PO_LINE_ID).distinct()
    complete = completed_at_last(tables).rename(complete_line=PO_LINE_ID)
    ends = lines.left_join(still, lines[PO_LINE_ID] == still["open_line"])
    ends = ends.left_join(complete, ends[PO_LINE_ID] == complete["complete_line"])
    return ends.select(
        PO_LINE_ID,
        **{
            COMPLETED_AT: ends[ARRIVED_AT],
            COMPLETED_KNOWN_AT: ends["known_by"],
            STILL_OPEN: ends["open_line"].notnull(),
        },
    )


def open_when_asked(asked: ir.Table, store: Store) -> ir.Table:
    """Keep the rows (PO_LINE_ID, ASKED_AT) whose order line was open as far as was known then."""
    spans = open_spans(_versions(store))
    spans = spans.select(
        open_line=PO_LINE_ID,
        open_since=spans[SINCE],
        open_until=ibis.coalesce(spans[UNTIL], ibis.literal(FOREVER, "timestamp('UTC', 6)")),
    )
    asked = asked.view()
    return asked.semi_join(
        spans,
        [
            asked[PO_LINE_ID] == spans["open_line"],
            asked[ASKED_AT] >= spans["open_since"],
            asked[ASKED_AT] < spans["open_until"],
        ],
    )


def with_state_when_asked(asked: ir.Table) -> ir.Table:
    """Hide the state of each order line where it became known only after the ask."""
    known_at = ibis.coalesce(asked[STATE_KNOWN_AT], asked[KNOWN_AT])
    known = known_at <= asked[ASKED_AT]
    return asked.mutate(
        **{
            column: known.ifelse(asked[column], ibis.null())
            for column in (LINE_STATE, STATE_KNOWN_AT)
        }
    )


def signed_quantity(receipts: ir.Table) -> ir.Value:
    """The quantity of postings in thousandths; what is reversed or returned is negative."""
    number = in_thousandths(receipts[QUANTITY_RECEIVED])
    back = receipts[POSTING_KIND].isin([PostingKind.REVERSAL.value, PostingKind.RETURN.value])
    return back.fill_null(False).ifelse(-number.abs(), number)


def in_thousandths(quantity: ir.Value) -> ir.Value:
    """A quantity as an integer: sums of integers do not depend on their order."""
    return (quantity.fill_null(0.0) * 1000).round().cast("int64")


def _tables(store: Store) -> dict[str, ir.Table]:
    names = (PURCHASE_ORDERS.name, RECEIPTS.name, SUPPLIER_EVENTS.name, SITES.name)
    return {name: store.table(name) for name in names}


def _versions(store: Store) -> dict[str, ir.Table]:
    return {name: store.versions(name) for name in _tables(store)}


def messages_known_of_line(numbered: ir.Table, store: Store) -> ir.Table:
    """The messages about each ask's order line that were known when it was asked, each once."""
    return rows_known_of_line(
        numbered, distinct_messages(store.versions(SUPPLIER_EVENTS.name)), EVENT_ID
    )


def rows_known_of_line(numbered: ir.Table, rows: ir.Table, key: str) -> ir.Table:
    """The rows of each ask's order line, in the version that was known when it was asked."""
    asked = numbered.select(ROW, ASKED_AT, PO_LINE_ID)
    joined = asked.inner_join(with_spans(rows), [PO_LINE_ID])
    known = current_at(joined[ASKED_AT], joined[KNOWN_AT], joined[SUPERSEDED_AT])
    return joined.filter(known).mutate(tie=joined[key])
