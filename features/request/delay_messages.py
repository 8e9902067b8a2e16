"""What was said and received since an order line was placed."""

import numpy as np

from data.contracts.purchase_orders import PROMISED_AT, QUANTITY_ORDERED
from data.contracts.receipts import QUANTITY_DAMAGED, QUANTITY_RECEIVED
from data.contracts.supplier_events import (
    ACK_STATUS,
    EVENT_KIND,
    EVENT_QUANTITY,
    EXPECTED_AT,
    AckStatus,
    EventKind,
)
from data.contracts.table import KNOWN_AT
from features.cases import Cases, Children, kept
from features.feature import Feature, FeatureKind, Floats, Theme, days_between, ratio
from features.request.facts import one_of
from features.request.shapes import ORDERED_AT


@kept
def said(cases: Cases, *kinds: EventKind) -> Children:
    """Messages of these kinds."""
    events = cases.children["events"]
    return events.where(one_of(events.columns[EVENT_KIND], kinds))


def shift(cases: Cases, events: Children) -> Floats:
    """Days from the promise to the arrival that the latest of these messages announces."""
    dated = events.where(~np.isnat(events.columns[EXPECTED_AT]))
    return days_between(cases.moment(PROMISED_AT), dated.last(EXPECTED_AT))


@kept
def bad_acks(cases: Cases) -> Floats:
    """Acknowledgements that are not a plain acceptance."""
    acks = said(cases, EventKind.ACKNOWLEDGEMENT)
    status = acks.columns[ACK_STATUS].astype(str)
    return acks.where((status != "None") & (status != AckStatus.ACCEPTED.value)).count()


@kept
def postponed(cases: Cases) -> Children:
    """Delay notices and revised promises."""
    return said(cases, EventKind.DELAY_NOTICE, EventKind.REVISED_PROMISE)


@kept
def received(cases: Cases, column: str) -> Floats:
    """A quantity summed over the receipts so far."""
    return cases.children["receipts"].total(column)


@kept
def announced(cases: Cases) -> Floats:
    """Quantity on ship notices."""
    return said(cases, EventKind.ASN).total(EVENT_QUANTITY)


ACKNOWLEDGED = (
    Feature(
        "acknowledgements",
        Theme.PAPER_TRAIL,
        "count",
        "cannot be missing",
        "the supplier acknowledged the line {value:.0f} times",
        lambda cases: said(cases, EventKind.ACKNOWLEDGEMENT).count(),
    ),
    Feature(
        "bad_acknowledgements",
        Theme.PAPER_TRAIL,
        "count",
        "cannot be missing",
        "{value:.0f} acknowledgements were other than a plain acceptance",
        bad_acks,
    ),
    Feature(
        "acknowledgement_status",
        Theme.PAPER_TRAIL,
        "",
        "not acknowledged",
        "latest acknowledgement: X12 status {value}",
        lambda cases: said(cases, EventKind.ACKNOWLEDGEMENT).last(ACK_STATUS),
        FeatureKind.CATEGORY,
    ),
    Feature(
        "acknowledgement_wait_days",
        Theme.PAPER_TRAIL,
        "days",
        "not acknowledged, or order date not stated",
        "the first acknowledgement came {value:.1f} days after the order",
        lambda cases: days_between(
            cases.moment(ORDERED_AT), said(cases, EventKind.ACKNOWLEDGEMENT).first(KNOWN_AT)
        ),
    ),
    Feature(
        "acknowledged_shift_days",
        Theme.PAPER_TRAIL,
        "days",
        "no acknowledgement with a date",
        "the acknowledgement names a day {value:+.0f} days from the promise",
        lambda cases: shift(cases, said(cases, EventKind.ACKNOWLEDGEMENT)),
    ),
)
SHIPPED = (
    Feature(
        "ship_notices",
        Theme.PAPER_TRAIL,
        "count",
        "cannot be missing",
        "{value:.0f} ship notices were received",
        lambda cases: said(cases, EventKind.ASN).count(),
    ),
    Feature(
        "ship_notice_shift_days",
        Theme.PAPER_TRAIL,
        "days",
        "no ship notice with an arrival date",
        "the ship notice expects arrival {value:+.1f} days from the promise",
        lambda cases: shift(cases, said(cases, EventKind.ASN)),
    ),
    Feature(
        "ship_notice_share",
        Theme.PAPER_TRAIL,
        "share",
        "quantity ordered is zero",
        "{value:.0%} of the quantity is on ship notices",
        lambda cases: ratio(announced(cases), cases.number(QUANTITY_ORDERED)),
    ),
    Feature(
        "ship_notice_age_days",
        Theme.PAPER_TRAIL,
        "days",
        "no ship notice",
        "the latest ship notice is {value:.1f} days old",
        lambda cases: days_between(said(cases, EventKind.ASN).last(KNOWN_AT), cases.asked_at),
    ),
)
POSTPONED = (
    Feature(
        "delay_notices",
        Theme.PAPER_TRAIL,
        "count",
        "cannot be missing",
        "the supplier gave notice of a delay or a new date {value:.0f} times",
        lambda cases: postponed(cases).count(),
    ),
    Feature(
        "revised_shift_days",
        Theme.PAPER_TRAIL,
        "days",
        "no notice of a new date",
        "the latest notice moves arrival {value:+.0f} days from the promise",
        lambda cases: shift(cases, postponed(cases)),
    ),
    Feature(
        "announced_shift_days",
        Theme.PAPER_TRAIL,
        "days",
        "no message names an arrival date",
        "the latest message of any kind expects arrival {value:+.1f} days from the promise",
        lambda cases: shift(cases, cases.children["events"]),
    ),
    Feature(
        "message_age_days",
        Theme.PAPER_TRAIL,
        "days",
        "no message at all",
        "nothing was heard about the line for {value:.1f} days",
        lambda cases: days_between(cases.children["events"].last(KNOWN_AT), cases.asked_at),
    ),
    Feature(
        "order_changes",
        Theme.ORDER,
        "count",
        "cannot be missing",
        "the order line was changed {value:.0f} times",
        lambda cases: said(cases, EventKind.ORDER_CHANGE).count(),
    ),
)
RECEIVED = (
    Feature(
        "received_share",
        Theme.QUANTITY,
        "share",
        "quantity ordered is zero",
        "{value:.0%} of the quantity has been received",
        lambda cases: ratio(received(cases, QUANTITY_RECEIVED), cases.number(QUANTITY_ORDERED)),
    ),
    Feature(
        "damaged_share",
        Theme.QUANTITY,
        "share",
        "nothing received yet",
        "{value:.0%} of what was received is damaged or held",
        lambda cases: ratio(received(cases, QUANTITY_DAMAGED), received(cases, QUANTITY_RECEIVED)),
    ),
)
FEATURES = (*ACKNOWLEDGED, *SHIPPED, *POSTPONED, *RECEIVED)
