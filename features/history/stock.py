"""Stock streams: issues, receipts, corrections, customer orders and stock reports by entity.

Demand comes as issues once a day or once a month, so it is summed a day before it is
counted: a day (or a month's card) with demand is one event.
"""

from __future__ import annotations

from data.contracts.items import ITEM_ID
from data.contracts.order_lines import QUANTITY_DEMANDED, QUANTITY_SHORT
from data.contracts.sites import REGION, SITE_ID
from data.contracts.stock_levels import ACTIVE, ON_HAND, QUANTITY_REQUESTED
from data.contracts.stock_movements import MOVEMENT_KIND, QUANTITY_MOVED, MovementKind
from data.contracts.table import KNOWN_AT, Column
from data.lazy_imports import ibis
from features.history.daily_sums import DAY
from features.history.integer_measures import (
    QUANTITY,
    day_number,
    flag_as_integer,
    latest_moment,
    scaled_integer,
)
from features.history.stream import Stream, Tables

TENTHS_PER_UNIT = 10
SQUARE_SCALE = TENTHS_PER_UNIT * TENTHS_PER_UNIT

# Windows hold exactly 1, 3, 6 and 12 records of a series kept at each month's end.
MONTH_WINDOWS = (28, 84, 175, 364)
# The six weeks after the same day a year ago are those of 364 days less those of 322.
YEAR_AGO_WINDOW = 322

Key = tuple[Column, ...]


def issues_by(name: str, key: Key, windows: tuple[int, ...]) -> Stream:
    """Days on which stock was issued: `quantity`, and its square in `quantity_sq`."""
    measures = {"quantity": QUANTITY, "quantity_sq": SQUARE_SCALE}

    def events(tables: Tables) -> ibis.Table:
        moves = _stock_movements(tables, MovementKind.ISSUE)
        moves = moves.mutate(**{DAY: day_number(moves[KNOWN_AT])}, issued=-moves.moved)
        days = moves.group_by([*key, DAY]).agg(
            **{KNOWN_AT: moves[KNOWN_AT].max()}, issued=moves.issued.sum()
        )
        days = days.filter(days.issued > 0)
        size = (days.issued * TENTHS_PER_UNIT / QUANTITY).round()
        return days.select(
            *key,
            KNOWN_AT,
            quantity=days.issued.cast("int64"),
            quantity_sq=(size * size).try_cast("int64"),
        )

    return Stream(name, key, events, measures, windows, last=("quantity",))


def stock_receipts_by(name: str, key: Key, windows: tuple[int, ...]) -> Stream:
    """Movements that brought stock in: `quantity`."""

    def events(tables: Tables) -> ibis.Table:
        moves = _stock_movements(tables, MovementKind.RECEIPT, MovementKind.TRANSFER_IN)
        return moves.select(*key, KNOWN_AT, quantity=moves.moved)

    return Stream(name, key, events, {"quantity": QUANTITY}, windows, last=("quantity",))


def corrections_by(name: str, key: Key, windows: tuple[int, ...]) -> Stream:
    """Adjustments and scrap: `quantity` signed, `size` without its sign."""

    def events(tables: Tables) -> ibis.Table:
        moves = _stock_movements(tables, MovementKind.ADJUSTMENT, MovementKind.SCRAP)
        return moves.select(*key, KNOWN_AT, quantity=moves.moved, size=moves.moved.abs())

    return Stream(name, key, events, {"quantity": QUANTITY, "size": QUANTITY}, windows)


def customer_orders_by(name: str, key: Key, windows: tuple[int, ...]) -> Stream:
    """Customers' order lines: `demanded`, `short`, and `short_lines` that were cut."""
    measures = {"demanded": QUANTITY, "short": QUANTITY, "short_lines": 1}

    def events(tables: Tables) -> ibis.Table:
        lines = tables["order_lines"]
        return lines.select(
            *key,
            KNOWN_AT,
            demanded=scaled_integer(lines[QUANTITY_DEMANDED], QUANTITY),
            short=scaled_integer(lines[QUANTITY_SHORT], QUANTITY),
            short_lines=flag_as_integer(lines[QUANTITY_SHORT] > 0),
        )

    return Stream(name, key, events, measures, windows)


def stock_reports_by(name: str, key: Key, windows: tuple[int, ...]) -> Stream:
    """Reports of stock that is carried.

    `stock_on_hand`, reports at `zero`, what was `requested`.
    """
    measures = {"on_hand": QUANTITY, "zero": 1, "requested": QUANTITY, "requests": 1}

    def events(tables: Tables) -> ibis.Table:
        levels = _carried_stock_levels(tables, key)
        return levels.select(
            *key,
            KNOWN_AT,
            on_hand=scaled_integer(levels[ON_HAND], QUANTITY),
            zero=flag_as_integer(levels[ON_HAND] <= 0),
            requested=scaled_integer(levels[QUANTITY_REQUESTED], QUANTITY),
            requests=flag_as_integer(levels[QUANTITY_REQUESTED] > 0),
        )

    return Stream(name, key, events, measures, windows, last=("on_hand",))


def zero_stock_reports_by(name: str, key: Key) -> Stream:
    """Reports of nothing on hand, for the days since the last one."""

    def events(tables: Tables) -> ibis.Table:
        levels = _carried_stock_levels(tables, key)
        return levels.filter(levels[ON_HAND] <= 0).select(*key, KNOWN_AT)

    return Stream(name, key, events, {}, ())


def in_stock_reports_by(name: str, key: Key) -> Stream:
    """Reports of something on hand, for the days since the last one."""

    def events(tables: Tables) -> ibis.Table:
        levels = _carried_stock_levels(tables, key)
        return levels.filter(levels[ON_HAND] > 0).select(*key, KNOWN_AT)

    return Stream(name, key, events, {}, ())


def _stock_movements(tables: Tables, *kinds: MovementKind) -> ibis.Table:
    rows = tables["stock_movements"]
    rows = rows.filter(rows[MOVEMENT_KIND].isin([str(kind) for kind in kinds]))
    return rows.select(
        SITE_ID, ITEM_ID, KNOWN_AT, moved=scaled_integer(rows[QUANTITY_MOVED], QUANTITY)
    )


def _carried_stock_levels(tables: Tables, key: Key) -> ibis.Table:
    """Reports of items that the site carries, with its region where the key asks for it.

    A region that became known after the report makes the report known then.
    """
    levels = tables["stock_levels"]
    carried = levels.filter(levels[ACTIVE].fill_null(True))
    if REGION not in key:
        return carried
    sites = tables["sites"].select(SITE_ID, REGION, site_known_at=KNOWN_AT)
    placed = carried.inner_join(sites, SITE_ID)
    return placed.mutate(**{KNOWN_AT: latest_moment(placed[KNOWN_AT], placed.site_known_at)})
