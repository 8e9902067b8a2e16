"""Quantity of an invoice line against its order and what was received so far."""

from data.calendar_days import days_from_to, local_days, promise_days
from data.contracts.items import PACK_SIZE
from data.contracts.purchase_orders import PROMISED_AT, QUANTITY_ORDERED
from data.contracts.receipts import QUANTITY_DAMAGED, QUANTITY_RECEIVED
from data.contracts.sites import TIME_ZONE
from data.contracts.supplier_events import EVENT_QUANTITY, EventKind
from data.contracts.table import HAPPENED_AT, KNOWN_AT
from features.builders.case_features import number_feature, round_six_decimals
from features.builders.order_documents import events_of_kind, received_quantity
from features.cases import Cases, Children
from features.feature import Feature, Floats, Theme, days_between, ratio
from features.tasks.invoice_mismatch.base_units import (
    cumulative_quantity,
    earlier_on_order_line,
    invoiced_quantity,
    pack_size_exponent,
)
from features.tasks.invoice_mismatch.shape import DOCUMENT_AT

NO_ORDER = "no order line, or nothing ordered on it"
NO_RECEIPT = "no receipt posted"


def receipts_at_booking(cases: Cases) -> Children:
    """Receipts of the order line known when the invoice was booked."""
    return cases.children["receipts"]


def ordered_quantity(cases: Cases) -> Floats:
    """Quantity of the order line."""
    return cases.number(QUANTITY_ORDERED)


def share_invoiced_not_received(cases: Cases) -> Floats:
    """Invoiced so far less received so far, as a share of the order."""
    beyond = cumulative_quantity(cases) - received_quantity(cases, QUANTITY_RECEIVED)
    return round_six_decimals(ratio(beyond, ordered_quantity(cases)))


def count_new_receipts(cases: Cases) -> Floats:
    """Receipts posted since the invoice before this one; all of them if there is none."""
    posted = receipts_at_booking(cases)
    before = posted.spread(earlier_on_order_line(cases).last(KNOWN_AT))
    return posted.where(~(posted.columns[KNOWN_AT] <= before)).count()


def days_from_promise_to_arrival(cases: Cases) -> Floats:
    """Days from the promised day to the day the goods came first, both days at the site."""
    zones = cases.text(TIME_ZONE)
    return days_from_to(
        promise_days(cases.moment(PROMISED_AT), zones),
        local_days(receipts_at_booking(cases).first(HAPPENED_AT), zones),
    )


def count_receipts_at_booking(cases: Cases) -> Floats:
    """Receipts posted in the very moment of booking."""
    posted = receipts_at_booking(cases)
    return posted.where(posted.columns[KNOWN_AT] == posted.spread(cases.asked_at)).count()


def invoiced_to_announced(cases: Cases) -> Floats:
    """Invoiced quantity over the quantity on ship notices."""
    return ratio(
        invoiced_quantity(cases), events_of_kind(cases, EventKind.ASN).total(EVENT_QUANTITY)
    )


ORDER_FEATURES = (
    number_feature(
        QUANTITY_ORDERED, Theme.ORDER, "base units", "{value:count base unit|base units} ordered"
    ),
    Feature(
        "quantity_vs_ordered",
        Theme.QUANTITY,
        "ratio",
        NO_ORDER,
        "{value:.0%} of the ordered quantity is on this invoice",
        lambda cases: ratio(invoiced_quantity(cases), ordered_quantity(cases)),
    ),
    Feature(
        "quantity_so_far_vs_ordered",
        Theme.QUANTITY,
        "ratio",
        NO_ORDER,
        "with earlier invoices {value:.0%} of the ordered quantity is invoiced",
        lambda cases: ratio(cumulative_quantity(cases), ordered_quantity(cases)),
    ),
    Feature(
        "quantity_packs_apart",
        Theme.QUANTITY,
        "packs",
        "no pack size above 1, or no order line",
        "invoiced and ordered quantity are {value:+.2f} pack sizes apart",
        lambda cases: pack_size_exponent(
            ratio(invoiced_quantity(cases), ordered_quantity(cases)), cases.number(PACK_SIZE)
        ),
    ),
)
RECEIPT_FEATURES = (
    Feature(
        "quantity_vs_received",
        Theme.QUANTITY,
        "ratio",
        NO_RECEIPT,
        "{value:.0%} of the received quantity is on this invoice",
        lambda cases: ratio(invoiced_quantity(cases), received_quantity(cases, QUANTITY_RECEIVED)),
    ),
    Feature(
        "quantity_so_far_vs_received",
        Theme.QUANTITY,
        "ratio",
        NO_RECEIPT,
        "with earlier invoices {value:.0%} of the received quantity is invoiced",
        lambda cases: ratio(
            cumulative_quantity(cases), received_quantity(cases, QUANTITY_RECEIVED)
        ),
    ),
    Feature(
        "uncovered_share",
        Theme.QUANTITY,
        "share",
        NO_ORDER,
        "{value:+.0%} of the order is invoiced beyond what is received",
        share_invoiced_not_received,
    ),
    Feature(
        "received_share",
        Theme.QUANTITY,
        "share",
        NO_ORDER,
        "{value:.0%} of the order is received",
        lambda cases: ratio(received_quantity(cases, QUANTITY_RECEIVED), ordered_quantity(cases)),
    ),
    Feature(
        "damaged_share",
        Theme.QUANTITY,
        "share",
        NO_RECEIPT,
        "{value:.0%} of what was received is damaged or held",
        lambda cases: ratio(
            received_quantity(cases, QUANTITY_DAMAGED), received_quantity(cases, QUANTITY_RECEIVED)
        ),
    ),
    Feature(
        "ship_notice_ratio",
        Theme.QUANTITY,
        "ratio",
        "no ship notice with a quantity",
        "{value:.0%} of the quantity on ship notices is on this invoice",
        invoiced_to_announced,
    ),
)
POSTING_FEATURES = (
    Feature(
        "receipts",
        Theme.QUANTITY,
        "count",
        "cannot be missing",
        "{value:count receipt|receipts} posted before the invoice",
        lambda cases: receipts_at_booking(cases).count(),
    ),
    Feature(
        "cancelled_receipts",
        Theme.QUANTITY,
        "count",
        "cannot be missing",
        "{value:count receipt|receipts} cancelled or returned",
        lambda cases: (
            receipts_at_booking(cases)
            .where(receipts_at_booking(cases).columns[QUANTITY_RECEIVED] < 0)
            .count()
        ),
    ),
    Feature(
        "new_receipts",
        Theme.QUANTITY,
        "count",
        "cannot be missing",
        "{value:count receipt|receipts} posted since the invoice before",
        count_new_receipts,
    ),
    Feature(
        "receipts_posted_together",
        Theme.PAPER_TRAIL,
        "count",
        "cannot be missing",
        "{value:count receipt|receipts} posted in the moment of booking",
        count_receipts_at_booking,
    ),
    Feature(
        "first_receipt_age_days",
        Theme.TIMING,
        "days",
        NO_RECEIPT,
        "first receipt posted {value:days before|after|on the day of} booking",
        lambda cases: days_between(receipts_at_booking(cases).first(KNOWN_AT), cases.asked_at),
    ),
    Feature(
        "last_receipt_age_days",
        Theme.TIMING,
        "days",
        NO_RECEIPT,
        "last receipt posted {value:days before|after|on the day of} booking",
        lambda cases: days_between(receipts_at_booking(cases).last(KNOWN_AT), cases.asked_at),
    ),
    Feature(
        "receipt_posting_days",
        Theme.TIMING,
        "days",
        NO_RECEIPT,
        "the last receipt was posted {value:days after|before|on the day of} arrival",
        lambda cases: days_between(
            receipts_at_booking(cases).last(HAPPENED_AT), receipts_at_booking(cases).last(KNOWN_AT)
        ),
    ),
    Feature(
        "receipt_after_promise_days",
        Theme.TIMING,
        "days",
        "no receipt posted, or no promise on the order",
        "the goods came {value:days after|before|on} the promised day",
        days_from_promise_to_arrival,
    ),
    Feature(
        "document_after_receipt_days",
        Theme.TIMING,
        "days",
        "no receipt posted, or no date on the invoice",
        "the invoice is dated {value:days after|before|on the day of} the first receipt",
        lambda cases: days_between(
            receipts_at_booking(cases).first(HAPPENED_AT), cases.moment(DOCUMENT_AT)
        ),
    ),
)
FEATURES = (*ORDER_FEATURES, *RECEIPT_FEATURES, *POSTING_FEATURES)
