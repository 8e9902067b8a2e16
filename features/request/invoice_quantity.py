"""Quantity on an invoice line against its order and what was received so far."""

from data.contracts.items import PACK_SIZE
from data.contracts.purchase_orders import PROMISED_AT, QUANTITY_ORDERED
from data.contracts.receipts import QUANTITY_DAMAGED, QUANTITY_RECEIVED
from data.contracts.supplier_events import EVENT_QUANTITY, EventKind
from data.contracts.table import HAPPENED_AT, KNOWN_AT
from features.cases import Cases, Children
from features.feature import Feature, Floats, Theme, days_between, ratio
from features.request.delay_messages import received, said
from features.request.facts import number, settled
from features.request.invoice_units import on_line, packs_apart, quantity, quantity_so_far
from features.request.shapes import DOCUMENT_AT

NO_ORDER = "no order line, or nothing ordered on it"
NO_RECEIPT = "no receipt posted"


def receipts(cases: Cases) -> Children:
    """Receipts of the order line known when the invoice was booked."""
    return cases.children["receipts"]


def ordered(cases: Cases) -> Floats:
    """Quantity of the order line."""
    return cases.number(QUANTITY_ORDERED)


def uncovered(cases: Cases) -> Floats:
    """Invoiced so far less received so far, as a share of the order."""
    beyond = quantity_so_far(cases) - received(cases, QUANTITY_RECEIVED)
    return settled(ratio(beyond, ordered(cases)))


def new_receipts(cases: Cases) -> Floats:
    """Receipts posted since the invoice before this one; all of them if there is none."""
    posted = receipts(cases)
    before = posted.spread(on_line(cases).last(KNOWN_AT))
    return posted.where(~(posted.columns[KNOWN_AT] <= before)).count()


def posted_together(cases: Cases) -> Floats:
    """Receipts posted in the very moment of booking."""
    posted = receipts(cases)
    return posted.where(posted.columns[KNOWN_AT] == posted.spread(cases.asked_at)).count()


def announced_share(cases: Cases) -> Floats:
    """Invoiced quantity over the quantity on ship notices."""
    return ratio(quantity(cases), said(cases, EventKind.ASN).total(EVENT_QUANTITY))


ORDERED = (
    number(QUANTITY_ORDERED, Theme.ORDER, "base units", "{value:,.0f} base units were ordered"),
    Feature(
        "quantity_vs_ordered",
        Theme.QUANTITY,
        "ratio",
        NO_ORDER,
        "{value:.0%} of the ordered quantity is on this invoice",
        lambda cases: ratio(quantity(cases), ordered(cases)),
    ),
    Feature(
        "quantity_so_far_vs_ordered",
        Theme.QUANTITY,
        "ratio",
        NO_ORDER,
        "with earlier invoices {value:.0%} of the ordered quantity is invoiced",
        lambda cases: ratio(quantity_so_far(cases), ordered(cases)),
    ),
    Feature(
        "quantity_packs_apart",
        Theme.QUANTITY,
        "packs",
        "no pack size above 1, or no order line",
        "invoiced and ordered quantity are {value:+.2f} pack sizes apart",
        lambda cases: packs_apart(ratio(quantity(cases), ordered(cases)), cases.number(PACK_SIZE)),
    ),
)
RECEIVED = (
    Feature(
        "quantity_vs_received",
        Theme.QUANTITY,
        "ratio",
        NO_RECEIPT,
        "{value:.0%} of the received quantity is on this invoice",
        lambda cases: ratio(quantity(cases), received(cases, QUANTITY_RECEIVED)),
    ),
    Feature(
        "quantity_so_far_vs_received",
        Theme.QUANTITY,
        "ratio",
        NO_RECEIPT,
        "with earlier invoices {value:.0%} of the received quantity is invoiced",
        lambda cases: ratio(quantity_so_far(cases), received(cases, QUANTITY_RECEIVED)),
    ),
    Feature(
        "uncovered_share",
        Theme.QUANTITY,
        "share",
        NO_ORDER,
        "{value:+.0%} of the order is invoiced beyond what is received",
        uncovered,
    ),
    Feature(
        "received_share",
        Theme.QUANTITY,
        "share",
        NO_ORDER,
        "{value:.0%} of the order is received",
        lambda cases: ratio(received(cases, QUANTITY_RECEIVED), ordered(cases)),
    ),
    Feature(
        "damaged_share",
        Theme.QUANTITY,
        "share",
        NO_RECEIPT,
        "{value:.0%} of what was received is damaged or held",
        lambda cases: ratio(received(cases, QUANTITY_DAMAGED), received(cases, QUANTITY_RECEIVED)),
    ),
    Feature(
        "ship_notice_ratio",
        Theme.QUANTITY,
        "ratio",
        "no ship notice with a quantity",
        "{value:.0%} of the quantity on ship notices is on this invoice",
        announced_share,
    ),
)
POSTINGS = (
    Feature(
        "receipts",
        Theme.QUANTITY,
        "count",
        "cannot be missing",
        "{value:.0f} receipts were posted before the invoice",
        lambda cases: receipts(cases).count(),
    ),
    Feature(
        "cancelled_receipts",
        Theme.QUANTITY,
        "count",
        "cannot be missing",
        "{value:.0f} receipts were cancelled or returned",
        lambda cases: receipts(cases).where(receipts(cases).columns[QUANTITY_RECEIVED] < 0).count(),
    ),
    Feature(
        "new_receipts",
        Theme.QUANTITY,
        "count",
        "cannot be missing",
        "{value:.0f} receipts were posted since the invoice before",
        new_receipts,
    ),
    Feature(
        "receipts_posted_together",
        Theme.PAPER_TRAIL,
        "count",
        "cannot be missing",
        "{value:.0f} receipts were posted in the moment of booking",
        posted_together,
    ),
    Feature(
        "first_receipt_age_days",
        Theme.TIMING,
        "days",
        NO_RECEIPT,
        "the first receipt was posted {value:.1f} days before the invoice was booked",
        lambda cases: days_between(receipts(cases).first(KNOWN_AT), cases.asked_at),
    ),
    Feature(
        "last_receipt_age_days",
        Theme.TIMING,
        "days",
        NO_RECEIPT,
        "the last receipt was posted {value:.1f} days before the invoice was booked",
        lambda cases: days_between(receipts(cases).last(KNOWN_AT), cases.asked_at),
    ),
    Feature(
        "receipt_posting_days",
        Theme.TIMING,
        "days",
        NO_RECEIPT,
        "the last receipt was posted {value:.1f} days after the goods came",
        lambda cases: days_between(
            receipts(cases).last(HAPPENED_AT), receipts(cases).last(KNOWN_AT)
        ),
    ),
    Feature(
        "receipt_after_promise_days",
        Theme.TIMING,
        "days",
        "no receipt posted, or no promise on the order",
        "the goods came {value:+.0f} days after the promised day",
        lambda cases: days_between(cases.moment(PROMISED_AT), receipts(cases).first(HAPPENED_AT)),
    ),
    Feature(
        "document_after_receipt_days",
        Theme.TIMING,
        "days",
        "no receipt posted, or no date on the invoice",
        "the invoice is dated {value:+.1f} days after the first receipt",
        lambda cases: days_between(receipts(cases).first(HAPPENED_AT), cases.moment(DOCUMENT_AT)),
    ),
)
FEATURES = (*ORDERED, *RECEIVED, *POSTINGS)
