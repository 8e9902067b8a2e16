"""Order book: lines ordered from a supplier, still open, and overdue.

Open and overdue lines are kept as +1 and -1: their sum over all events is what was open
at that midnight. A line is overdue when its promised day is over at the site. It is no longer
open when it is known to be complete, cancelled, deleted or closed short, and open again when
its postings were reversed. A line that nothing was heard of for a year stops counting.
"""

from __future__ import annotations

from collections.abc import Mapping

from data.contracts.purchase_orders import LINE_VALUE, PO_LINE_ID, PROMISED_AT
from data.contracts.sites import TIME_ZONE
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column
from data.lazy_imports import ibis, ir
from data.row_versions.stored_rows import FIRST_KNOWN_AT, SUPERSEDED_AT
from features.history.daily_sums import WEIGHT
from features.history.integer_measures import (
    MONEY,
    QUANTITY,
    flag_as_integer,
    integer_literal,
    latest_moment,
    scaled_integer,
)
from features.history.order_lines import (
    ORDERED,
    PROMISE_DAY,
    SINCE,
    UNTIL,
    open_spans,
    order_lines,
)
from features.history.row_versions import MOMENT, signed_versions
from features.history.shared_events import computed_once
from features.history.site_days import end_of_day, local_day
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
        events=lambda tables: order_book(tables).select(*key, KNOWN_AT, WEIGHT, *MEASURES),
        measures=MEASURES,
        windows=windows,
    )


@computed_once
def order_book(tables: Mapping[str, ir.Table]) -> ir.Table:
    """Orders placed, promises passed and lines closed, as rows that can be added up."""
    lines = order_lines(tables)
    spans = open_spans(tables, forgotten_after=ibis.interval(days=ABANDONED_DAYS))
    spans = _spans_of_versions(spans, lines)
    missed_at = latest_moment(spans[SINCE], end_of_day(spans[PROMISE_DAY], spans[TIME_ZONE]))
    spans = spans.mutate(missed_at=missed_at)
    still_open = spans[UNTIL].isnull() | (spans.missed_at < spans[UNTIL])
    missed = spans.filter(spans[PROMISE_DAY].notnull(), still_open)
    return ibis.union(
        _placed_rows(lines),
        _change_rows(spans, SINCE, opened=1, overdue=0),
        _change_rows(spans, UNTIL, opened=-1, overdue=0),
        _change_rows(missed, "missed_at", opened=0, overdue=1),
        _change_rows(missed, UNTIL, opened=0, overdue=-1),
    )


def _spans_of_versions(spans: ir.Table, lines: ir.Table) -> ir.Table:
    """Split the spans where their line was corrected, and add what was known of the line."""
    spans = spans.inner_join(lines.rename(ordered_known_at=KNOWN_AT), PO_LINE_ID)
    first = spans.ordered_known_at == spans[FIRST_KNOWN_AT]
    begins = first.ifelse(spans[SINCE], latest_moment(spans[SINCE], spans.ordered_known_at))
    ends = spans[SUPERSEDED_AT].cast(MOMENT)
    ends = ibis.least(ibis.coalesce(spans[UNTIL], ends), ibis.coalesce(ends, spans[UNTIL]))
    spans = spans.mutate(**{SINCE: begins, UNTIL: ends})
    return spans.filter(spans[UNTIL].isnull() | (spans[SINCE] < spans[UNTIL]))


def _placed_rows(lines: ir.Table) -> ir.Table:
    """An order line when it became known: the load it adds; a correction takes it back."""
    placed_on = local_day(lines[HAPPENED_AT], lines[TIME_ZONE])
    placed = _typed_rows(
        lines,
        KNOWN_AT,
        lines=integer_literal(1),
        promised=flag_as_integer(lines[PROMISED_AT].notnull()),
        promise_days=lines[PROMISE_DAY] - placed_on,
        value=scaled_integer(lines[LINE_VALUE], MONEY),
        quantity=lines[ORDERED],
        open=integer_literal(0),
        overdue=integer_literal(0),
    )
    return signed_versions(placed, MEASURES)


def _change_rows(lines: ir.Table, at: str, *, opened: int, overdue: int) -> ir.Table:
    """A line that was opened, became overdue or was closed at the moment in column `at`."""
    measures = {name: integer_literal(0) for name in MEASURES}
    measures["open"] = integer_literal(opened)
    measures["overdue"] = integer_literal(overdue)
    changes = _typed_rows(lines.filter(lines[at].notnull()), at, **measures)
    return changes.mutate(**{WEIGHT: integer_literal(1)}).drop(SUPERSEDED_AT)


def _typed_rows(rows: ir.Table, at: str, **measures: ir.Value) -> ir.Table:
    typed = {name: value.cast("int64") for name, value in measures.items()}
    ended = {SUPERSEDED_AT: rows[SUPERSEDED_AT].cast(MOMENT)}
    return rows.select("site_id", "supplier_id", "item_id", known_at=rows[at], **ended, **typed)
