"""Stock streams: issues, receipts, corrections, customer orders and stock reports by entity.

Demand comes as issues once a day or once a month, so it is summed a day before it is
counted: a day (or a month's card) with demand is one event.
"""

from __future__ import annotations

from collections.abc import Iterable

from data.contracts.items import ITEM_ID
from data.contracts.order_lines import QUANTITY_DEMANDED, QUANTITY_SHORT
from data.contracts.sites import REGION, SITE_ID
from data.contracts.stock_levels import ACTIVE, ON_HAND, QUANTITY_REQUESTED
from data.contracts.stock_movements import MOVEMENT_KIND, QUANTITY_MOVED, MovementKind
from data.contracts.table import KNOWN_AT, Column
from data.lazy_imports import ibis
from data.row_versions.stored_rows import FIRST_KNOWN_AT, SUPERSEDED_AT
from features.history.daily_sums import DAY, WEIGHT
from features.history.integer_measures import (
    QUANTITY,
    day_number,
    flag_as_integer,
    latest_moment,
    scaled_integer,
)
from features.history.row_versions import (
    MOMENT,
    first_versions,
    signed_versions,
    with_spans,
)
from features.history.stream import Stream, Tables

CHANGE_DAY = "change_day"

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
        moves = moves.mutate(**{DAY: day_number(moves[FIRST_KNOWN_AT])}, issued=-moves.moved)
        moves = signed_versions(moves, ["issued"])
        moves = moves.mutate(**{CHANGE_DAY: day_number(moves[KNOWN_AT])})
        days = moves.group_by([*key, DAY, CHANGE_DAY]).agg(
            **{KNOWN_AT: moves[KNOWN_AT].max()}, issued=moves.issued.sum().cast("int64")
        )
        corrected = days.filter(days[CHANGE_DAY] > days[DAY]).select(*key, DAY).distinct()
        plain = days.anti_join(corrected, [*key, DAY])
        changed = days.semi_join(corrected, [*key, DAY])
        return ibis.union(_issue_days(plain, key, 1), *_corrected_issue_days(changed, key))

    return Stream(name, key, events, measures, windows, last=("quantity",))


def _corrected_issue_days(days: ibis.Table, key: Key) -> list[ibis.Table]:
    """Days whose issues were corrected later: as first known, and what each correction changes."""
    of_day = ibis.window(group_by=[*key, DAY], order_by=CHANGE_DAY)
    so_far = ibis.cumulative_window(group_by=[*key, DAY], order_by=CHANGE_DAY)
    total = days.mutate(issued=days.issued.sum().over(so_far).cast("int64"))
    before = total.mutate(issued=total.issued.lag().over(of_day))
    return [_issue_days(total, key, 1), _issue_days(before, key, -1)]


def _issue_days(days: ibis.Table, key: Key, weight: int) -> ibis.Table:
    """Days on which more was issued than put back, as events."""
    days = days.filter(days.issued > 0)
    size = (days.issued * TENTHS_PER_UNIT / QUANTITY).round()
    return days.select(
        *key,
        KNOWN_AT,
        **{WEIGHT: ibis.literal(weight, "int64")},
        quantity=(days.issued * weight).cast("int64"),
        quantity_sq=((size * size).try_cast("int64") * weight).cast("int64"),
    )


def stock_receipts_by(name: str, key: Key, windows: tuple[int, ...]) -> Stream:
    """Movements that brought stock in: `quantity`."""

    def events(tables: Tables) -> ibis.Table:
        moves = _stock_movements(tables, MovementKind.RECEIPT, MovementKind.TRANSFER_IN)
        return _as_events(moves.mutate(quantity=moves.moved), key, ["quantity"])

    return Stream(name, key, events, {"quantity": QUANTITY}, windows, last=("quantity",))


def corrections_by(name: str, key: Key, windows: tuple[int, ...]) -> Stream:
    """Adjustments and scrap: `quantity` signed, `size` without its sign."""

    def events(tables: Tables) -> ibis.Table:
        moves = _stock_movements(tables, MovementKind.ADJUSTMENT, MovementKind.SCRAP)
        moves = moves.mutate(quantity=moves.moved, size=moves.moved.abs())
        return _as_events(moves, key, measures)

    measures = {"quantity": QUANTITY, "size": QUANTITY}
    return Stream(name, key, events, measures, windows)


def customer_orders_by(name: str, key: Key, windows: tuple[int, ...]) -> Stream:
    """Customers' order lines: `demanded`, `short`, and `short_lines` that were cut."""
    measures = {"demanded": QUANTITY, "short": QUANTITY, "short_lines": 1}

    def events(tables: Tables) -> ibis.Table:
        lines = with_spans(tables["order_lines"])
        lines = lines.mutate(
            demanded=scaled_integer(lines[QUANTITY_DEMANDED], QUANTITY),
            short=scaled_integer(lines[QUANTITY_SHORT], QUANTITY),
            short_lines=flag_as_integer(lines[QUANTITY_SHORT] > 0),
        )
        return _as_events(lines, key, measures)

    return Stream(name, key, events, measures, windows)


def stock_reports_by(name: str, key: Key, windows: tuple[int, ...]) -> Stream:
    """Reports of stock that is carried.

    `stock_on_hand`, reports at `zero`, what was `requested`.
    """
    measures = {"on_hand": QUANTITY, "zero": 1, "requested": QUANTITY, "requests": 1}

    def events(tables: Tables) -> ibis.Table:
        levels = _carried_stock_levels(tables, key)
        levels = levels.select(
            *key,
            KNOWN_AT,
            SUPERSEDED_AT,
            on_hand=scaled_integer(levels[ON_HAND], QUANTITY),
            zero=flag_as_integer(levels[ON_HAND] <= 0),
            requested=scaled_integer(levels[QUANTITY_REQUESTED], QUANTITY),
            requests=flag_as_integer(levels[QUANTITY_REQUESTED] > 0),
        )
        return _as_events(levels, key, measures)

    return Stream(name, key, events, measures, windows, last=("on_hand",))


def zero_stock_reports_by(name: str, key: Key) -> Stream:
    """Reports of nothing on hand, for the days since the last one; a corrected one was one too."""

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
    rows = with_spans(tables["stock_movements"])
    rows = rows.filter(rows[MOVEMENT_KIND].isin([str(kind) for kind in kinds]))
    return rows.select(
        SITE_ID,
        ITEM_ID,
        KNOWN_AT,
        SUPERSEDED_AT,
        FIRST_KNOWN_AT,
        moved=scaled_integer(rows[QUANTITY_MOVED], QUANTITY),
    )


def _as_events(rows: ibis.Table, key: Key, measures: Iterable[str]) -> ibis.Table:
    """Return the versions of rows as events of an entity."""
    return signed_versions(rows.select(*key, KNOWN_AT, SUPERSEDED_AT, *measures), measures)


def _carried_stock_levels(tables: Tables, key: Key) -> ibis.Table:
    """Reports of items that the site carries, with its region where the key asks for it.

    A region that became known after the report makes the report known then. The region is the
    one that was first known.
    """
    levels = with_spans(tables["stock_levels"])
    carried = levels.filter(levels[ACTIVE].fill_null(True))
    if REGION not in key:
        return carried
    sites = first_versions(tables["sites"]).select(SITE_ID, REGION, site_known_at=KNOWN_AT)
    placed = carried.inner_join(sites, SITE_ID)
    later = placed[SUPERSEDED_AT].notnull()
    ended = latest_moment(placed[SUPERSEDED_AT], placed.site_known_at)
    return placed.mutate(
        **{
            KNOWN_AT: latest_moment(placed[KNOWN_AT], placed.site_known_at),
            SUPERSEDED_AT: later.ifelse(ended, ibis.null(MOMENT)),
        }
    )
