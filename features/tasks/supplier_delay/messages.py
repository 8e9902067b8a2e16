"""Features from acknowledgements, ship notices, postponements and receipts of an order line."""

import numpy as np

from data.calendar_days import days_from_to, local_days
from data.contracts.purchase_orders import QUANTITY_ORDERED
from data.contracts.receipts import QUANTITY_DAMAGED, QUANTITY_RECEIVED
from data.contracts.sites import TIME_ZONE
from data.contracts.supplier_events import (
    ACK_STATUS,
    EVENT_QUANTITY,
    EXPECTED_AT,
    AckStatus,
    EventKind,
)
from data.contracts.table import HAPPENED_AT
from features.builders.order_documents import (
    EVENTS,
    events_of_kind,
    received_quantity,
)
from features.cases import Cases, Children, cached_with_cases
from features.feature import Feature, FeatureKind, Floats, Theme, ratio
from features.tasks.supplier_delay.days import (
    announced_day,
    days_since,
    ordered_day,
    promised_day,
)


def announced_shift_days(cases: Cases, events: Children) -> Floats:
    """Days from the promise to the day that the latest of these messages announces."""
    dated = events.where(~np.isnat(events.columns[EXPECTED_AT]))
    return days_from_to(promised_day(cases), announced_day(cases, dated.last(EXPECTED_AT)))


def first_answer_days(cases: Cases) -> Floats:
    """Days from the order to its first acknowledgement."""
    answered = events_of_kind(cases, EventKind.ACKNOWLEDGEMENT).first(HAPPENED_AT)
    return days_from_to(ordered_day(cases), local_days(answered, cases.text(TIME_ZONE)))


@cached_with_cases
def current_quantity(cases: Cases) -> Floats:
    """Quantity ordered after the last change that states one (X12 860: the new quantity)."""
    changes = events_of_kind(cases, EventKind.ORDER_CHANGE)
    quantity = changes.where(changes.columns[EVENT_QUANTITY] > 0).last(EVENT_QUANTITY)
    return np.where(np.isnan(quantity), cases.number(QUANTITY_ORDERED), quantity)


@cached_with_cases
def count_problem_acknowledgements(cases: Cases) -> Floats:
    """Acknowledgements that are not a plain acceptance."""
    acks = events_of_kind(cases, EventKind.ACKNOWLEDGEMENT)
    status = acks.columns[ACK_STATUS].astype(str)
    return acks.where((status != "None") & (status != AckStatus.ACCEPTED.value)).count()


@cached_with_cases
def postponements(cases: Cases) -> Children:
    """Delay notices and revised promises."""
    return events_of_kind(cases, EventKind.DELAY_NOTICE, EventKind.REVISED_PROMISE)


@cached_with_cases
def announced_quantity(cases: Cases) -> Floats:
    """Quantity on ship notices."""
    return events_of_kind(cases, EventKind.ASN).total(EVENT_QUANTITY)


ACKNOWLEDGEMENT_FEATURES = (
    Feature(
        "acknowledgements",
        Theme.PAPER_TRAIL,
        "count",
        "cannot be missing",
        "the supplier acknowledged the line {value:count time|times}",
        lambda cases: events_of_kind(cases, EventKind.ACKNOWLEDGEMENT).count(),
    ),
    Feature(
        "bad_acknowledgements",
        Theme.PAPER_TRAIL,
        "count",
        "cannot be missing",
        "{value:count acknowledgement|acknowledgements} other than a plain acceptance",
        count_problem_acknowledgements,
    ),
    Feature(
        "acknowledgement_status",
        Theme.PAPER_TRAIL,
        "",
        "not acknowledged",
        "latest acknowledgement: X12 status {value}",
        lambda cases: events_of_kind(cases, EventKind.ACKNOWLEDGEMENT).last(ACK_STATUS),
        FeatureKind.CATEGORY,
    ),
    Feature(
        "acknowledgement_wait_days",
        Theme.PAPER_TRAIL,
        "days",
        "not acknowledged, or order date not stated",
        "first acknowledged {value:days after|before|on the day of} the order",
        first_answer_days,
    ),
    Feature(
        "acknowledged_shift_days",
        Theme.PAPER_TRAIL,
        "days",
        "no acknowledgement with a date",
        "acknowledged for {value:days after|before|just} the promised day",
        lambda cases: announced_shift_days(cases, events_of_kind(cases, EventKind.ACKNOWLEDGEMENT)),
    ),
)
SHIP_NOTICE_FEATURES = (
    Feature(
        "ship_notices",
        Theme.PAPER_TRAIL,
        "count",
        "cannot be missing",
        "{value:count ship notice|ship notices} received",
        lambda cases: events_of_kind(cases, EventKind.ASN).count(),
    ),
    Feature(
        "ship_notice_shift_days",
        Theme.PAPER_TRAIL,
        "days",
        "no ship notice with an arrival date",
        "the ship notice says {value:days after|before|it comes on} the promised day",
        lambda cases: announced_shift_days(cases, events_of_kind(cases, EventKind.ASN)),
    ),
    Feature(
        "ship_notice_share",
        Theme.PAPER_TRAIL,
        "share",
        "quantity ordered is zero",
        "{value:.0%} of the quantity is on ship notices",
        lambda cases: ratio(announced_quantity(cases), current_quantity(cases)),
    ),
    Feature(
        "ship_notice_age_days",
        Theme.PAPER_TRAIL,
        "days",
        "no ship notice",
        "the latest ship notice came {value:days ago|ahead|today}",
        lambda cases: days_since(cases, events_of_kind(cases, EventKind.ASN).last(HAPPENED_AT)),
    ),
)
POSTPONEMENT_FEATURES = (
    Feature(
        "delay_notices",
        Theme.PAPER_TRAIL,
        "count",
        "cannot be missing",
        "{value:count notice|notices} of a delay or a new date",
        lambda cases: postponements(cases).count(),
    ),
    Feature(
        "revised_shift_days",
        Theme.PAPER_TRAIL,
        "days",
        "no notice of a new date",
        "the latest notice says {value:days after|before|it comes on} the promised day",
        lambda cases: announced_shift_days(cases, postponements(cases)),
    ),
    Feature(
        "announced_shift_days",
        Theme.PAPER_TRAIL,
        "days",
        "no message names an arrival date",
        "the latest supplier message says {value:days after|before|it comes on} the promised day",
        lambda cases: announced_shift_days(cases, cases.children[EVENTS]),
    ),
    Feature(
        "message_age_days",
        Theme.PAPER_TRAIL,
        "days",
        "no message at all",
        "the latest supplier message came {value:days ago|ahead|today}",
        lambda cases: days_since(cases, cases.children[EVENTS].last(HAPPENED_AT)),
    ),
    Feature(
        "order_changes",
        Theme.ORDER,
        "count",
        "cannot be missing",
        "the order line was changed {value:count time|times}",
        lambda cases: events_of_kind(cases, EventKind.ORDER_CHANGE).count(),
    ),
)
RECEIPT_FEATURES = (
    Feature(
        "received_share",
        Theme.QUANTITY,
        "share",
        "quantity ordered is zero",
        "{value:.0%} of the quantity has been received",
        lambda cases: ratio(received_quantity(cases, QUANTITY_RECEIVED), current_quantity(cases)),
    ),
    Feature(
        "damaged_share",
        Theme.QUANTITY,
        "share",
        "nothing received yet",
        "{value:.0%} of what was received is damaged or held",
        lambda cases: ratio(
            received_quantity(cases, QUANTITY_DAMAGED), received_quantity(cases, QUANTITY_RECEIVED)
        ),
    ),
)
FEATURES = (
    *ACKNOWLEDGEMENT_FEATURES,
    *SHIP_NOTICE_FEATURES,
    *POSTPONEMENT_FEATURES,
    *RECEIPT_FEATURES,
)
