"""Receipts and supplier events of an order line: columns as children of a case, and lookups."""

import numpy as np

from data.contracts.receipts import (
    FINAL,
    POSTING_KIND,
    QUANTITY_DAMAGED,
    QUANTITY_RECEIVED,
    PostingKind,
)
from data.contracts.supplier_events import EVENT_KIND, MESSAGE_CONTENT, EventKind
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Kind
from features.builders.case_features import is_one_of
from features.cases import Cases, Children, cached_with_cases
from features.feature import Floats

EVENTS, RECEIPTS = "events", "receipts"
"""Names of the children in a case."""

ORDERED_AT = Column("ordered_at", Kind.MOMENT, "when the order line was placed", unit="UTC")

RECEIPT_COLUMNS = (
    QUANTITY_RECEIVED,
    QUANTITY_DAMAGED,
    POSTING_KIND,
    FINAL,
    HAPPENED_AT,
    KNOWN_AT,
)
EVENT_COLUMNS = (*MESSAGE_CONTENT, KNOWN_AT)
TAKEN_OFF = (PostingKind.REVERSAL, PostingKind.RETURN)
EVENT_ORDER = (HAPPENED_AT, KNOWN_AT)
"""Order of a case's events: the latest is what was said last, not what came in last."""


@cached_with_cases
def events_of_kind(cases: Cases, *kinds: EventKind) -> Children:
    """Return the supplier events of these kinds, the latest by its own time last."""
    events = cases.children[EVENTS]
    return events.where(is_one_of(events.columns[EVENT_KIND], kinds))


@cached_with_cases
def received_quantity(cases: Cases, column: str) -> Floats:
    """Sum a quantity over the receipts so far; what was reversed or returned is taken off."""
    receipts = cases.children[RECEIPTS]
    taken_off = is_one_of(receipts.columns[POSTING_KIND], TAKEN_OFF)
    quantity = receipts.columns[column].astype(np.float64)
    return receipts.sum_of(np.where(taken_off, -np.abs(quantity), quantity))
