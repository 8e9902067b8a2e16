"""Paper trail of an invoice line: dates, references, earlier invoices, order changes."""

from collections.abc import Callable

import numpy as np

from data.calendar_days import days_from_to, promise_days
from data.contracts.invoices import (
    ENTRY_CHANNEL,
    INVOICE_NUMBER,
    INVOICE_UNIT,
    LINE_AMOUNT,
    PO_LINE_ID,
)
from data.contracts.items import CATEGORY, CURRENCY, SUBCATEGORY
from data.contracts.purchase_orders import INCOTERM, LINE_TYPE, ORDER_TYPE, PROMISED_AT
from data.contracts.sites import SITE_ID, TIME_ZONE
from data.contracts.supplier_events import ACK_STATUS, DETAIL, EVENT_KIND, AckStatus, EventKind
from data.contracts.suppliers import PAYMENT_TERM, SUPPLIER_ID
from data.contracts.table import HAPPENED_AT, KNOWN_AT
from data.reference.units import unit_key
from features.builders.case_features import (
    QUARTER_DAYS,
    Moments,
    Texts,
    calendar_feature,
    category_feature,
    day_of_month,
    days_to_quarter_end,
    hour,
    is_one_of,
    is_stated,
    number_feature,
    weekday,
)
from features.builders.order_documents import ORDERED_AT, events_of_kind
from features.cases import Cases, Children
from features.feature import Feature, FeatureKind, Floats, Theme, days_between
from features.invoice_numbers import normalise_invoice_number
from features.tasks.invoice_mismatch.base_units import earlier_on_order_line
from features.tasks.invoice_mismatch.shape import DOCUMENT_AT

HALF_CENT = 0.005


def earlier_with_same_number(cases: Cases) -> Children:
    """Earlier invoices that carry the same number, however it is written."""
    earlier = cases.children["earlier_invoices"]
    own = earlier.spread(_number_keys(cases.text(INVOICE_NUMBER)))
    there = _number_keys(earlier.columns[INVOICE_NUMBER])
    return earlier.where((own != "") & (there == own))


def _number_keys(numbers: Texts) -> Texts:
    keys = np.empty(len(numbers), dtype=object)
    keys[:] = [normalise_invoice_number(number) for number in numbers]
    return keys


def earlier_with_same_amount(cases: Cases) -> Children:
    """Earlier invoice lines over the same amount, to the penny."""
    earlier = cases.children["earlier_invoices"]
    gap = np.abs(earlier.columns[LINE_AMOUNT] - earlier.spread(cases.number(LINE_AMOUNT)))
    return earlier.where(gap < HALF_CENT)


def count_same_line_and_amount(cases: Cases) -> Floats:
    """Earlier invoices on the same order line over the same amount."""
    alike = earlier_with_same_amount(cases)
    own = alike.spread(cases.text(PO_LINE_ID))
    return alike.where(is_stated(own) & (alike.columns[PO_LINE_ID] == own)).count()


def invoice_unit_key(cases: Cases) -> Texts:
    """Unit on the invoice; ways to write one unit are one category."""
    units = cases.text(INVOICE_UNIT)
    keys = np.empty(len(units), dtype=object)
    keys[:] = [unit_key(unit) for unit in units]
    return keys


def days_since_same_amount(cases: Cases) -> Floats:
    """Days from the date of the latest look-alike (same amount) to this invoice's date."""
    return days_between(
        earlier_with_same_amount(cases).last(HAPPENED_AT), cases.moment(DOCUMENT_AT)
    )


def days_from_promise_to_document(cases: Cases) -> Floats:
    """Days from the promised day to the date on the invoice, both days at the site."""
    zones = cases.text(TIME_ZONE)
    return days_from_to(
        promise_days(cases.moment(PROMISED_AT), zones),
        promise_days(cases.moment(DOCUMENT_AT), zones),
    )


def count_order_changes(cases: Cases, word: str) -> Floats:
    """Order changes whose detail speaks of `word`."""
    changes = events_of_kind(cases, EventKind.ORDER_CHANGE)
    details = np.char.lower(changes.columns[DETAIL].astype(str))
    return changes.where(np.char.find(details, word) >= 0).count()


def count_acknowledgements(cases: Cases, *status: AckStatus) -> Floats:
    """Acknowledgements with one of these statuses."""
    acks = events_of_kind(cases, EventKind.ACKNOWLEDGEMENT)
    return acks.where(is_one_of(acks.columns[ACK_STATUS], status)).count()


def events_but_invoices(cases: Cases) -> Children:
    """Messages and changes other than the invoices themselves."""
    events = cases.children["events"]
    return events.where(events.columns[EVENT_KIND] != EventKind.INVOICE_SENT.value)


def latest_event_words(cases: Cases) -> Texts:
    """The latest message in the source's word for it, or else by its kind."""
    events = events_but_invoices(cases)
    detail, kind = events.last(DETAIL), events.last(EVENT_KIND)
    return np.where(is_stated(detail), detail, kind)


def event_count_feature(name: str, kind: EventKind, sentence: str) -> Feature:
    """Number of messages of a kind."""
    return Feature(
        name,
        Theme.PAPER_TRAIL,
        "count",
        "cannot be missing",
        sentence,
        lambda cases: events_of_kind(cases, kind).count(),
    )


def _count_feature(name: str, sentence: str, compute: Callable[[Cases], Floats]) -> Feature:
    return Feature(name, Theme.PAPER_TRAIL, "count", "cannot be missing", sentence, compute)


def _days_feature(
    name: str, missing: str, sentence: str, compute: Callable[[Cases], Floats]
) -> Feature:
    return Feature(name, Theme.TIMING, "days", missing, sentence, compute)


def _booking_calendar_feature(
    name: str, read: Callable[[Moments], Floats], sentence: str, cycle_days: int = 0
) -> Feature:
    return calendar_feature(
        name, read, lambda cases: cases.asked_at, sentence, "cannot be missing", cycle_days
    )


EARLIER_INVOICE_FEATURES = (
    _count_feature(
        "earlier_invoices_on_line",
        "{value:count earlier invoice|earlier invoices} booked on the order line",
        lambda cases: earlier_on_order_line(cases).count(),
    ),
    _count_feature(
        "earlier_same_number",
        "{value:count earlier invoice line|earlier invoice lines} with the same number",
        lambda cases: earlier_with_same_number(cases).count(),
    ),
    _count_feature(
        "earlier_same_amount",
        "{value:count earlier invoice line|earlier invoice lines} over the same amount",
        lambda cases: earlier_with_same_amount(cases).count(),
    ),
    _count_feature(
        "earlier_same_line_and_amount",
        "{value:count earlier invoice|earlier invoices} on the order line over the same amount",
        count_same_line_and_amount,
    ),
    _days_feature(
        "same_amount_age_days",
        "no earlier invoice over the same amount",
        "the latest invoice over the same amount was booked {value:days before|after|the same day}",
        lambda cases: days_between(earlier_with_same_amount(cases).last(KNOWN_AT), cases.asked_at),
    ),
    _days_feature(
        "same_amount_document_gap_days",
        "no earlier invoice over the same amount, or no date on the invoice",
        "dated {value:days after|before|the same day as} the latest invoice over the same amount",
        days_since_same_amount,
    ),
    _days_feature(
        "earlier_invoice_age_days",
        "no earlier invoice on the order line",
        "the latest invoice on the order line was booked {value:days before|after|the same day}",
        lambda cases: days_between(earlier_on_order_line(cases).last(KNOWN_AT), cases.asked_at),
    ),
)
DATE_FEATURES = (
    Feature(
        "po_reference_missing",
        Theme.PAPER_TRAIL,
        "yes/no",
        "cannot be missing",
        "{value:either the invoice names no order line|the invoice names its order line}",
        lambda cases: (~is_stated(cases.text(PO_LINE_ID))).astype(np.float64),
    ),
    _days_feature(
        "booking_lag_days",
        "no date on the invoice",
        "booked {value:days after|before|on} the date on the invoice",
        lambda cases: days_between(cases.moment(DOCUMENT_AT), cases.asked_at),
    ),
    _days_feature(
        "order_age_days",
        "no order line",
        "booked {value:days after|before|on the day of} the order",
        lambda cases: days_between(cases.moment(ORDERED_AT), cases.asked_at),
    ),
    _days_feature(
        "document_after_order_days",
        "no order line, or no date on the invoice",
        "the invoice is dated {value:days after|before|on the day of} the order",
        lambda cases: days_between(cases.moment(ORDERED_AT), cases.moment(DOCUMENT_AT)),
    ),
    _days_feature(
        "document_after_promise_days",
        "no promise on the order, or no date on the invoice",
        "the invoice is dated {value:days after|before|on} the promised day",
        days_from_promise_to_document,
    ),
    number_feature(
        PAYMENT_TERM,
        Theme.ORDER,
        "days",
        "payment is due {value:days after|before|on the day of} the invoice",
    ),
    _booking_calendar_feature("booking_weekday", weekday, "booked on a {value:weekday}"),
    _booking_calendar_feature(
        "booking_day_of_month", day_of_month, "booked on day {value:.0f} of the month"
    ),
    _booking_calendar_feature("booking_hour", hour, "booked in hour {value:.0f} (UTC)"),
    _booking_calendar_feature(
        "quarter_days_left",
        days_to_quarter_end,
        "booked {value:days before|after|on} the last day of a quarter",
        QUARTER_DAYS,
    ),
)
SUPPLIER_EVENT_FEATURES = (
    event_count_feature(
        "order_changes", EventKind.ORDER_CHANGE, "the order was changed {value:count time|times}"
    ),
    _count_feature(
        "price_changes",
        "the order's price was changed {value:count time|times}",
        lambda cases: count_order_changes(cases, "price"),
    ),
    _count_feature(
        "quantity_changes",
        "the order's quantity was changed {value:count time|times}",
        lambda cases: count_order_changes(cases, "quantity"),
    ),
    _days_feature(
        "order_change_age_days",
        "the order was not changed",
        "the order was last changed {value:days before|after|on the day of} booking",
        lambda cases: days_between(
            events_of_kind(cases, EventKind.ORDER_CHANGE).last(KNOWN_AT), cases.asked_at
        ),
    ),
    event_count_feature(
        "approvals",
        EventKind.ORDER_APPROVAL,
        "{value:count approval step|approval steps} on record",
    ),
    event_count_feature(
        "acknowledgements", EventKind.ACKNOWLEDGEMENT, "acknowledged {value:count time|times}"
    ),
    _count_feature(
        "acknowledged_price_change",
        "{value:count acknowledgement|acknowledgements} with another price",
        lambda cases: count_acknowledgements(cases, AckStatus.PRICE_CHANGED),
    ),
    _count_feature(
        "acknowledged_quantity_change",
        "{value:count acknowledgement|acknowledgements} with another quantity or a split delivery",
        lambda cases: count_acknowledgements(
            cases, AckStatus.QUANTITY_CHANGED, AckStatus.PARTLY_SHIPPED, AckStatus.BACKORDERED
        ),
    ),
    event_count_feature(
        "ship_notices", EventKind.ASN, "{value:count ship notice|ship notices} received"
    ),
    event_count_feature(
        "service_entries",
        EventKind.SERVICE_ENTRY,
        "{value:count service entry|service entries} on record",
    ),
    event_count_feature(
        "documents_sent",
        EventKind.INVOICE_SENT,
        "the supplier sent {value:count document|documents} so far",
    ),
    event_count_feature(
        "invoice_handlings",
        EventKind.INVOICE_HANDLING,
        "{value:count step|steps} on earlier invoices of the order line (blocks, payments)",
    ),
    Feature(
        "latest_message",
        Theme.PAPER_TRAIL,
        "",
        "no message or change",
        "latest message or change before booking: {value}",
        latest_event_words,
        FeatureKind.CATEGORY,
    ),
    _days_feature(
        "latest_message_age_days",
        "no message or change",
        "the latest message or change came {value:days before|after|the day of} booking",
        lambda cases: days_between(events_but_invoices(cases).last(KNOWN_AT), cases.asked_at),
    ),
)
CATEGORY_FEATURES = (
    category_feature(SUPPLIER_ID, Theme.SUPPLIER_RELIABILITY, "supplier"),
    category_feature(SITE_ID, Theme.SITE_HABIT, "site"),
    category_feature(ENTRY_CHANNEL, Theme.PAPER_TRAIL, "way of booking"),
    category_feature(CATEGORY, Theme.ORDER, "category"),
    category_feature(SUBCATEGORY, Theme.ORDER, "subcategory"),
    category_feature(ORDER_TYPE, Theme.ORDER, "kind of order"),
    category_feature(LINE_TYPE, Theme.ORDER, "kind of line"),
    category_feature(INCOTERM, Theme.ORDER, "delivery term"),
    category_feature(CURRENCY, Theme.PRICE, "currency of the invoice"),
    Feature(
        str(INVOICE_UNIT),
        Theme.QUANTITY,
        "",
        "unit on the invoice not stated",
        "unit on the invoice: {value}",
        invoice_unit_key,
        FeatureKind.CATEGORY,
    ),
)
FEATURES = (*EARLIER_INVOICE_FEATURES, *DATE_FEATURES, *SUPPLIER_EVENT_FEATURES, *CATEGORY_FEATURES)
