"""Order lines over time: which postings count, since when a line is complete, while it is open.

A posting that is reversed never was: the reversal takes back quantity, damage and the mark that
closed the line, and a line that it brings under its order is open again from then on. Goods
that are returned do not open a line that was complete; before that they have to be replaced.
Where a posting does not say what it is, a negative one that is dated on or before the day of an
earlier posting, or before the promised day is over, is a reversal, any other a return.

A line that the buyer closed short is complete since that was known, with what had come. One that
was cancelled, or deleted by a message (an order change to nothing, or an acknowledgement with
status ID), is withdrawn since that was known: neither open nor complete. Every change has
the moment since when it was known, and a later change never alters what was known before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from data.contracts.purchase_orders import (
    LINE_STATE,
    PO_LINE_ID,
    PROMISED_AT,
    QUANTITY_ORDERED,
    STATE_KNOWN_AT,
    LineState,
)
from data.contracts.receipts import (
    FINAL,
    POSTING_KIND,
    QUANTITY_DAMAGED,
    QUANTITY_RECEIVED,
    RECEIPT_ID,
    PostingKind,
)
from data.contracts.sites import TIME_ZONE
from data.contracts.supplier_events import (
    ACK_STATUS,
    EVENT_KIND,
    EVENT_QUANTITY,
    AckStatus,
    EventKind,
)
from data.contracts.table import HAPPENED_AT, KNOWN_AT
from data.lazy_imports import ibis, ir
from data.row_versions.stored_rows import FIRST_KNOWN_AT, SUPERSEDED_AT
from features.history.integer_measures import (
    QUANTITY,
    flag_as_integer,
    integer_literal,
    latest_moment,
    scaled_integer,
)
from features.history.row_versions import MOMENT, current_at, first_versions, with_spans
from features.history.shared_events import computed_once
from features.history.site_days import local_day, promise_day, with_time_zones

Tables: TypeAlias = "Mapping[str, ir.Table]"

PROMISE_DAY = "promise_day"
ORDERED = "ordered"
ARRIVED_AT = "arrived_at"
POSTED_AT = "posted_at"
SINCE = "since"
UNTIL = "until"
BEFORE_ALL = "1800-01-01T00:00:00+00:00"


def order_lines(tables: Tables) -> ir.Table:
    """Versions of order lines with TIME_ZONE, PROMISE_DAY and what was ORDERED in thousandths."""
    orders = with_time_zones(with_spans(tables["purchase_orders"]), tables["sites"])
    return orders.mutate(
        **{
            PROMISE_DAY: promise_day(orders[PROMISED_AT], orders[TIME_ZONE]),
            ORDERED: scaled_integer(orders[QUANTITY_ORDERED], QUANTITY),
        }
    )


@computed_once
def complete_spans(tables: Tables) -> ir.Table:
    """Spans in which a line was known to be complete, with what was known at their beginning.

    A correction of the line or of its postings ends a span, and another one begins.
    Columns: PO_LINE_ID; SINCE, and UNTIL where a reversal ended it; ARRIVED_AT of the posting
    that completed the line, missing where nothing came; `received` and `spoiled` in thousandths.
    """
    rows = _running(postings(tables), [POSTED_AT, "dated_at", "taken", RECEIPT_ID])
    following = ibis.window(
        group_by=PO_LINE_ID, order_by=[rows[POSTED_AT], rows.dated_at, rows.taken, rows[RECEIPT_ID]]
    )
    instant = ibis.window(group_by=[PO_LINE_ID, POSTED_AT])
    rows = rows.mutate(
        next_at=rows[POSTED_AT].lead().over(following), revised=rows.revised.max().over(instant)
    )
    known = rows.filter(rows.next_at.isnull() | (rows.next_at > rows[POSTED_AT]))
    changes = _changes(known.mutate(at=known[POSTED_AT]), "complete", again="revised")
    spans = changes.mutate(**{SINCE: changes["at"], UNTIL: changes.next_change_at})
    spans = spans.filter(spans.complete == 1)
    return spans.select(PO_LINE_ID, SINCE, UNTIL, ARRIVED_AT, "received", "spoiled")


def completed_at_last(tables: Tables) -> ir.Table:
    """Lines that are complete after all postings, told in the order in which the goods came.

    Columns: PO_LINE_ID, ARRIVED_AT, and `known_by`: when the last posting that it took was known.
    """
    rows = _running(postings(tables), ["dated_at", POSTED_AT, "taken", RECEIPT_ID])
    order = [rows.dated_at, rows[POSTED_AT], rows.taken, rows[RECEIPT_ID]]
    place = ibis.row_number().over(ibis.window(group_by=PO_LINE_ID, order_by=order))
    changes = _changes(rows.mutate(at=place), "complete")
    last = changes.filter(changes.next_change_at.isnull(), changes.complete == 1)
    return last.select(PO_LINE_ID, ARRIVED_AT, "known_by")


def open_spans(tables: Tables, forgotten_after: ir.IntervalValue | None = None) -> ir.Table:
    """Spans in which a line was open as far as was known: PO_LINE_ID, SINCE, UNTIL.

    Open is what was placed and neither complete nor withdrawn; UNTIL is missing where it still is.

    forgotten_after: time after its order at which a line no longer counts as open.
    """
    orders = first_versions(tables["purchase_orders"])
    # A line is closed while any reason holds; not to be placed yet is the first of them.
    steps = [_step(orders, orders[KNOWN_AT], -1)]
    if forgotten_after is not None:
        steps.append(_step(orders, orders[KNOWN_AT] + forgotten_after, 1))
    for spans in (complete_spans(tables), _withdrawn_spans(tables)):
        steps += [_step(spans, spans[SINCE], 1), _step(spans, spans[UNTIL], -1)]
    moved = ibis.union(*steps).filter(ibis._["at"].notnull())
    moved = moved.group_by([PO_LINE_ID, "at"]).agg(step=moved.step.sum().cast("int64"))
    so_far = ibis.cumulative_window(group_by=PO_LINE_ID, order_by=moved["at"])
    reasons = moved.mutate(reasons=moved.step.sum().over(so_far).cast("int64") + 1)
    changes = _changes(reasons.mutate(open=flag_as_integer(reasons.reasons == 0)), "open")
    spans = changes.filter(changes.open == 1)
    return spans.select(PO_LINE_ID, **{SINCE: spans["at"], UNTIL: spans.next_change_at})


def postings(tables: Tables) -> ir.Table:
    """Postings of order lines as they count, and a row where a line was closed short.

    `kept` is the change of what was received and not reversed, `returned` of what went back
    (thousandths, negative), `spoiled` of what was damaged, `closes` of the marks that close it.
    """
    orders = order_lines(tables)
    lines = orders.select(
        PO_LINE_ID,
        TIME_ZONE,
        PROMISE_DAY,
        ORDERED,
        first_ordered_at=FIRST_KNOWN_AT,
        line_known_at=KNOWN_AT,
        line_superseded_at=SUPERSEDED_AT,
    )
    rows = with_spans(tables["receipts"]).inner_join(lines, PO_LINE_ID)
    seen_at = latest_moment(rows[KNOWN_AT], rows.first_ordered_at)
    rows = rows.filter(current_at(seen_at, rows.line_known_at, rows.line_superseded_at))
    number = scaled_integer(rows[QUANTITY_RECEIVED], QUANTITY)
    negative = rows[POSTING_KIND].isin([PostingKind.REVERSAL.value, PostingKind.RETURN.value])
    rows = rows.select(
        PO_LINE_ID,
        RECEIPT_ID,
        POSTING_KIND,
        FINAL,
        PROMISE_DAY,
        ORDERED,
        quantity=negative.fill_null(False).ifelse(-number.abs(), number).fill_null(0),
        damage=scaled_integer(rows[QUANTITY_DAMAGED], QUANTITY).fill_null(0),
        arrived_at=rows[HAPPENED_AT],
        dated_at=rows[HAPPENED_AT],
        posted_at=rows[KNOWN_AT],
        dated_day=local_day(rows[HAPPENED_AT], rows[TIME_ZONE]),
        posted_day=local_day(rows[KNOWN_AT], rows[TIME_ZONE]),
        revised=flag_as_integer(rows[KNOWN_AT] > rows[FIRST_KNOWN_AT]),
        **{SUPERSEDED_AT: rows[SUPERSEDED_AT]},
    )
    rows = _with_reversals(rows.mutate(taken=flag_as_integer(rows.quantity < 0)))
    counted = _with_closing_marks(rows)
    return ibis.union(
        counted.drop(SUPERSEDED_AT),
        _taken_back(counted),
        _revisions(orders),
        *_closed_short(orders),
    )


def _taken_back(rows: ir.Table) -> ir.Table:
    """Take back the postings that were corrected, when that was known."""
    rows = rows.filter(rows[SUPERSEDED_AT].notnull())
    changes = {name: -rows[name] for name in ("kept", "returned", "damaged", "closes")}
    return _change_of_known(rows, rows[SUPERSEDED_AT], RECEIPT_ID, **changes)


def _revisions(orders: ir.Table) -> ir.Table:
    """Postings of nothing where an order line was corrected, which counts from then on."""
    later = orders.filter(orders[KNOWN_AT] > orders[FIRST_KNOWN_AT])
    none = integer_literal(0)
    nothing = dict.fromkeys(("kept", "returned", "damaged", "closes"), none)
    return _change_of_known(later, later[KNOWN_AT], PO_LINE_ID, **nothing)


def _change_of_known(
    rows: ir.Table, at: ir.TimestampValue, key: str, **changes: ir.Value
) -> ir.Table:
    """Postings of a correction; they come before all others of their moment."""
    rows = rows.mutate(
        **{RECEIPT_ID: rows[key], POSTED_AT: at, ARRIVED_AT: ibis.null(MOMENT)},
        dated_at=ibis.literal(BEFORE_ALL, MOMENT),
        taken=integer_literal(0),
        revised=integer_literal(1),
        **{SUPERSEDED_AT: ibis.null(MOMENT)},
    )
    return _typed_postings(rows, **changes).drop(SUPERSEDED_AT)


def _with_reversals(rows: ir.Table) -> ir.Table:
    """Flag the postings that reverse an earlier one, by their kind or else by their date."""
    so_far = ibis.cumulative_window(
        group_by=PO_LINE_ID, order_by=[POSTED_AT, "dated_at", "taken", RECEIPT_ID]
    )
    came_in = (rows.quantity > 0).ifelse(rows.posted_day, ibis.null("int64"))
    rows = rows.mutate(last_posted_day=came_in.max().over(so_far))
    corrects = (rows.dated_day <= rows.last_posted_day).fill_null(False)
    corrects |= (rows.dated_day <= rows[PROMISE_DAY]).fill_null(False)
    kind = rows[POSTING_KIND].fill_null(PostingKind.RECEIPT.value)
    unsaid = (kind == PostingKind.RECEIPT.value) & (rows.quantity < 0)
    return rows.mutate(reverses=(kind == PostingKind.REVERSAL.value) | (unsaid & corrects))


def _with_closing_marks(rows: ir.Table) -> ir.Table:
    """Count marks that close a line; a reversal takes one back of a posting of its quantity."""
    mark = flag_as_integer(rows[FINAL] & (rows.quantity >= 0)) - flag_as_integer(rows.reverses)
    rows = rows.mutate(mark=mark, size=rows.quantity.abs())
    by_size = {
        "group_by": [PO_LINE_ID, "size"],
        "order_by": [POSTED_AT, "dated_at", "taken", RECEIPT_ID],
    }
    so_far = ibis.cumulative_window(**by_size)
    rows = rows.mutate(total=rows.mark.sum().over(so_far).cast("int64"))
    # A reversal of a posting without the mark takes nothing back: the count stops at zero.
    rows = rows.mutate(below=rows.total.min().over(so_far))
    rows = rows.mutate(marks=rows.total - ibis.least(rows.below, 0))
    rows = rows.mutate(
        closes=rows.marks - rows.marks.lag().over(ibis.window(**by_size)).fill_null(0)
    )
    back = (rows.quantity < 0) & ~rows.reverses
    return _typed_postings(
        rows,
        kept=back.ifelse(0, rows.quantity),
        returned=back.ifelse(rows.quantity, 0),
        damaged=ibis.cases((rows.reverses, -rows.damage), (back, 0), else_=rows.damage),
        closes=rows.closes,
    )


def _closed_short(orders: ir.Table) -> tuple[ir.Table, ir.Table]:
    """Postings of nothing that close the lines which the buyer closed short, and take it back."""
    lines = _in_state(orders, LineState.CLOSED_SHORT)
    none = integer_literal(0)
    rows = lines.mutate(
        **{RECEIPT_ID: lines[PO_LINE_ID], POSTED_AT: lines.state_at},
        **{ARRIVED_AT: ibis.null(MOMENT)},
        dated_at=lines.state_at,
        taken=none,
        revised=none,
    )
    nothing = {"kept": none, "returned": none, "damaged": none}
    closing = _typed_postings(rows, **nothing, closes=integer_literal(1)).drop(SUPERSEDED_AT)
    ended = lines.filter(lines[SUPERSEDED_AT].notnull())
    back = _change_of_known(
        ended, ended[SUPERSEDED_AT], PO_LINE_ID, **nothing, closes=integer_literal(-1)
    )
    return closing, back


def _in_state(orders: ir.Table, state: LineState) -> ir.Table:
    """Versions of order lines in a state, and `state_at`: since when it was known."""
    lines = orders.filter(orders[LINE_STATE] == state.value)
    stated = ibis.coalesce(lines[STATE_KNOWN_AT], lines[KNOWN_AT])
    first = lines[KNOWN_AT] == lines[FIRST_KNOWN_AT]
    lines = lines.mutate(state_at=first.ifelse(stated, latest_moment(stated, lines[KNOWN_AT])))
    return lines.filter(lines[SUPERSEDED_AT].isnull() | (lines["state_at"] < lines[SUPERSEDED_AT]))


def _typed_postings(rows: ir.Table, **changes: ir.Value) -> ir.Table:
    names = (ARRIVED_AT, "dated_at", POSTED_AT, SUPERSEDED_AT)
    moments = {name: rows[name].cast(MOMENT) for name in names}
    typed = {name: value.cast("int64") for name, value in changes.items()}
    return rows.select(PO_LINE_ID, RECEIPT_ID, ORDERED, "taken", "revised", **moments, **typed)


def _running(rows: ir.Table, order: list[str]) -> ir.Table:
    """Add up the postings of each line in an order, and say after which it is complete.

    What was returned before a line was complete for the first time has to be replaced: its
    quantity at that time (`credit`) is what counts from then on, whatever is returned later.
    """
    so_far = ibis.cumulative_window(group_by=PO_LINE_ID, order_by=order)
    arrival = (rows.kept > 0).ifelse(rows[ARRIVED_AT], ibis.null(MOMENT))
    rows = rows.mutate(
        kept_so_far=rows.kept.sum().over(so_far).cast("int64"),
        returned_so_far=rows.returned.sum().over(so_far).cast("int64"),
        spoiled=rows.damaged.sum().over(so_far).cast("int64"),
        marks=rows.closes.sum().over(so_far).cast("int64"),
        known_by=rows[POSTED_AT].max().over(so_far),
        last_arrived_at=arrival.max().over(so_far),
    )
    received = rows.kept_so_far + rows.returned_so_far
    full = (received >= rows[ORDERED]).ifelse(rows.returned_so_far, ibis.null("int64"))
    rows = rows.mutate(received=received, full=full)
    rows = rows.mutate(credit=rows.full.max().over(so_far))
    in_full = (rows.kept_so_far + rows.credit >= rows[ORDERED]).fill_null(False)
    return rows.mutate(
        complete=flag_as_integer(in_full | (rows.marks > 0)),
        **{ARRIVED_AT: ibis.coalesce(rows[ARRIVED_AT], rows.last_arrived_at)},
    )


def _changes(rows: ir.Table, flag: str, again: str = "") -> ir.Table:
    """Keep the rows at which a flag of the line changes, with when it changes next.

    rows: PO_LINE_ID, `at` (unique in a line) and the flag, which is 0 before the first row.
    again: column of rows at which a flag that stays counts as changed.
    """
    in_line = ibis.window(group_by=PO_LINE_ID, order_by="at")
    rows = rows.mutate(before=rows[flag].lag().over(in_line).fill_null(0))
    changed = rows[flag] != rows.before
    if again:
        changed |= (rows[flag] == 1) & (rows[again] == 1)
    rows = rows.filter(changed)
    return rows.mutate(next_change_at=rows["at"].lead().over(in_line))


def _withdrawn_spans(tables: Tables) -> ir.Table:
    """Spans in which a line was known to be cancelled or deleted."""
    cancelled = _in_state(with_spans(tables["purchase_orders"]), LineState.CANCELLED)
    stated = cancelled.select(
        PO_LINE_ID,
        **{
            SINCE: cancelled["state_at"].cast(MOMENT),
            UNTIL: cancelled[SUPERSEDED_AT].cast(MOMENT),
        },
    )
    return stated.union(_deleted_spans(tables["supplier_events"]))


def _deleted_spans(events: ir.Table) -> ir.Table:
    """Spans in which the latest message on it, by its own time, deleted a line.

    Only an order change to some quantity brings a deleted line back.
    """
    change = events[EVENT_KIND] == EventKind.ORDER_CHANGE.value
    refused = events[EVENT_KIND] == EventKind.ACKNOWLEDGEMENT.value
    refused &= events[ACK_STATUS] == AckStatus.DELETED.value
    said = events.mutate(
        deletes=((change & (events[EVENT_QUANTITY] <= 0)) | refused).fill_null(False),
        restores=(change & (events[EVENT_QUANTITY] > 0)).fill_null(False),
    )
    said = said.filter(said.deletes | said.restores)
    missing = ibis.null(MOMENT)
    said = said.group_by([PO_LINE_ID, KNOWN_AT]).agg(
        deleted_at=said.deletes.ifelse(said[HAPPENED_AT], missing).max(),
        restored_at=said.restores.ifelse(said[HAPPENED_AT], missing).max(),
    )
    so_far = ibis.cumulative_window(group_by=PO_LINE_ID, order_by=KNOWN_AT)
    said = said.mutate(
        last_deleted_at=said.deleted_at.max().over(so_far),
        last_restored_at=said.restored_at.max().over(so_far),
    )
    latest = ibis.coalesce(said.last_restored_at, said.last_deleted_at)
    gone = flag_as_integer(said.last_deleted_at >= latest)
    changes = _changes(said.mutate(at=said[KNOWN_AT], gone=gone), "gone")
    spans = changes.filter(changes.gone == 1)
    return spans.select(
        PO_LINE_ID,
        **{SINCE: spans["at"].cast(MOMENT), UNTIL: spans.next_change_at.cast(MOMENT)},
    )


def _step(rows: ir.Table, at: ir.TimestampValue, step: int) -> ir.Table:
    return rows.select(PO_LINE_ID, at=at.cast(MOMENT), step=integer_literal(step))
