"""Supplier messages: acknowledgements, ship notices and postponements."""

from __future__ import annotations

from collections.abc import Mapping

from data.contracts.purchase_orders import PO_LINE_ID
from data.contracts.supplier_events import (
    ACK_STATUS,
    EVENT_ID,
    EVENT_KIND,
    MESSAGE_CONTENT,
    MESSAGE_NUMBER,
    NUMBERED_MESSAGE,
    AckStatus,
    EventKind,
)
from data.contracts.table import KNOWN_AT, Column
from data.lazy_imports import ibis, ir
from data.row_versions.stored_rows import SUPERSEDED_AT
from features.history.daily_sums import WEIGHT
from features.history.integer_measures import flag_as_integer, latest_moment
from features.history.row_versions import (
    MOMENT,
    first_versions,
    signed_versions,
    with_spans,
)
from features.history.shared_events import computed_once
from features.history.stream import Stream

MEASURES = {"acks": 1, "bad_acks": 1, "asns": 1, "notices": 1, "changes": 1}


def supplier_messages_by(name: str, *key: Column, windows: tuple[int, ...]) -> Stream:
    """Messages about the order lines of each entity that `key` names."""
    return Stream(
        name=name,
        key=key,
        events=lambda tables: supplier_messages(tables).select(*key, KNOWN_AT, WEIGHT, *MEASURES),
        measures=MEASURES,
        windows=windows,
    )


@computed_once
def supplier_messages(tables: Mapping[str, ir.Table]) -> ir.Table:
    """One row a message, sent again or not. A bad acknowledgement is any but an acceptance."""
    orders = first_versions(tables["purchase_orders"]).select(
        PO_LINE_ID, "site_id", "supplier_id", "item_id", ordered_known_at=KNOWN_AT
    )
    events = distinct_messages(with_spans(tables["supplier_events"])).rename(said_known_at=KNOWN_AT)
    events = events.inner_join(orders, PO_LINE_ID)
    kind = events[EVENT_KIND]
    acknowledged = kind == EventKind.ACKNOWLEDGEMENT.value
    postponed = [EventKind.DELAY_NOTICE.value, EventKind.REVISED_PROMISE.value]
    said = events.select(
        "site_id",
        "supplier_id",
        "item_id",
        known_at=latest_moment(events.said_known_at, events.ordered_known_at),
        **{
            SUPERSEDED_AT: ibis.ifelse(
                events[SUPERSEDED_AT].notnull(),
                latest_moment(events[SUPERSEDED_AT], events.ordered_known_at),
                ibis.null(MOMENT),
            )
        },
        acks=flag_as_integer(acknowledged),
        bad_acks=flag_as_integer(acknowledged & (events[ACK_STATUS] != AckStatus.ACCEPTED.value)),
        asns=flag_as_integer(kind == EventKind.ASN.value),
        notices=flag_as_integer(kind.isin(postponed)),
        changes=flag_as_integer(kind == EventKind.ORDER_CHANGE.value),
    )
    return signed_versions(said, MEASURES)


def distinct_messages(events: ir.Table) -> ir.Table:
    """Keep the first known copy of each message; see `data.contracts.supplier_events`."""
    numbered = events[MESSAGE_NUMBER].notnull()
    content = [
        events[c] if c in NUMBERED_MESSAGE else numbered.ifelse(ibis.null(), events[c])
        for c in MESSAGE_CONTENT
    ]
    copies = ibis.window(
        group_by=[events[PO_LINE_ID], *content], order_by=[events[KNOWN_AT], events[EVENT_ID]]
    )
    ranked = events.mutate(copy=ibis.row_number().over(copies))
    return ranked.filter(ranked["copy"] == 0).drop("copy")
