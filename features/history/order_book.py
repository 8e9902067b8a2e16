"""Order book: lines ordered from a supplier, still open, and overdue.

Open and overdue lines are kept as +1 and -1: their sum over all events is what was open
at that midnight. A line that nothing was heard of for a year stops counting.
"""

from __future__ import annotations

from collections.abc import Mapping

from data.contracts.purchase_orders import LINE_VALUE, PO_LINE_ID, PROMISED_AT, QUANTITY_ORDERED
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column
from data.lazy_imports import ibis, ir
from features.history.deliveries import closed_lines
from features.history.integer_measures import (
    MONEY,
    QUANTITY,
    day_number,
    flag_as_integer,
    integer_literal,
    latest_moment,
    scaled_integer,
)
from features.history.stream import Stream

ABANDONED_DAYS = 365
MEASURES = {
    "lines": 1,
    "promised": 1,
    "promise_days": 1,
    "value": MONEY,
    "quantity": QUANTITY,
    "open": 1,
    "overdue": 1,
}


def order_book_by(name: str, *key: Column, windows: tuple[int, ...]) -> Stream:
    """The order book of each entity that `key` names."""
    return Stream(
        name=name,
        key=key,
        events=lambda tables: order_book(tables).select(*key, KNOWN_AT, *MEASURES),
        measures=MEASURES,
        windows=windows,
    )


def order_book(tables: Mapping[str, ir.Table]) -> ir.Table:
    """Orders placed, promises passed and lines closed, as rows that can be added up."""
    closed = closed_lines(tables).select(PO_LINE_ID, closed_at=KNOWN_AT)
    orders = tables["purchase_orders"]
    forgotten_at = orders[KNOWN_AT] + ibis.interval(days=ABANDONED_DAYS)
    orders = orders.mutate(forgotten_at=forgotten_at).left_join(closed, PO_LINE_ID)
    orders = orders.mutate(
        end_at=ibis.least(
            ibis.coalesce(orders.closed_at, orders.forgotten_at), orders.forgotten_at
        ),
        missed_at=latest_moment(orders[KNOWN_AT], orders[PROMISED_AT] + ibis.interval(days=1)),
    )
    missed = orders.filter(orders[PROMISED_AT].notnull(), orders.missed_at < orders.end_at)
    return ibis.union(
        _placed_rows(orders),
        _change_rows(orders, "end_at", opened=-1, overdue=0),
        _change_rows(missed, "missed_at", opened=0, overdue=1),
        _change_rows(missed, "end_at", opened=0, overdue=-1),
    )


def _placed_rows(orders: ir.Table) -> ir.Table:
    """An order line when it became known: the load it adds."""
    return _typed_rows(
        orders,
        KNOWN_AT,
        lines=integer_literal(1),
        promised=flag_as_integer(orders[PROMISED_AT].notnull()),
        promise_days=(day_number(orders[PROMISED_AT]) - day_number(orders[HAPPENED_AT])),
        value=scaled_integer(orders[LINE_VALUE], MONEY),
        quantity=scaled_integer(orders[QUANTITY_ORDERED], QUANTITY),
        open=integer_literal(1),
        overdue=integer_literal(0),
    )


def _change_rows(orders: ir.Table, at: str, *, opened: int, overdue: int) -> ir.Table:
    """A line that became overdue or was closed at the moment in column `at`."""
    measures = {name: integer_literal(0) for name in MEASURES}
    measures["open"] = integer_literal(opened)
    measures["overdue"] = integer_literal(overdue)
    return _typed_rows(orders, at, **measures)


def _typed_rows(orders: ir.Table, at: str, **measures: ir.Value) -> ir.Table:
    typed = {name: value.cast("int64") for name, value in measures.items()}
    return orders.select("site_id", "supplier_id", "item_id", known_at=orders[at], **typed)
