"""What the past says about in what an invoice line will end."""

from data.contracts.items import CATEGORY, ITEM_ID
from data.contracts.sites import SITE_ID
from data.contracts.suppliers import SUPPLIER_ID
from features.cases import Cases
from features.feature import Feature, Floats, Theme, ratio
from features.history.deliveries import SITE_DELIVERIES, SUPPLIER_DELIVERIES
from features.history.invoice_lines import invoice_lines_by
from features.history.invoice_outcomes import invoice_outcomes_by
from features.request.past import Past

STREAMS = (
    invoice_outcomes_by("supplier_outcomes", SUPPLIER_ID, windows=(91, 364)),
    invoice_outcomes_by("supplier_site_outcomes", SUPPLIER_ID, SITE_ID, windows=(364,)),
    invoice_outcomes_by("supplier_item_outcomes", SUPPLIER_ID, ITEM_ID, windows=(364,)),
    invoice_outcomes_by("site_item_outcomes", SITE_ID, ITEM_ID, windows=(364,)),
    invoice_outcomes_by("site_outcomes", SITE_ID, windows=(28, 91)),
    invoice_outcomes_by("item_outcomes", ITEM_ID, windows=(364,)),
    invoice_outcomes_by("category_outcomes", CATEGORY, windows=(91,)),
    invoice_lines_by("supplier_invoices", SUPPLIER_ID, windows=(28, 364)),
    invoice_lines_by(
        "supplier_item_invoices",
        SUPPLIER_ID,
        ITEM_ID,
        windows=(364,),
        last=("price", "variance"),
    ),
    SUPPLIER_DELIVERIES,
    SITE_DELIVERIES,
)
RELIABILITY = Theme.SUPPLIER_RELIABILITY
LINES = "settled invoice lines"
SUPPLIER = Past("supplier_outcomes", "supplier", RELIABILITY, "this supplier", LINES)
SUPPLIER_SITE = Past(
    "supplier_site_outcomes", "supplier_site", RELIABILITY, "this supplier at this site", LINES
)
SUPPLIER_ITEM = Past(
    "supplier_item_outcomes", "supplier_item", RELIABILITY, "this item of this supplier", LINES
)
SITE_ITEM = Past(
    "site_item_outcomes", "site_item", Theme.SITE_HABIT, "this item at this site", LINES
)
SITE = Past("site_outcomes", "site", Theme.SITE_HABIT, "this site", LINES)
ITEM = Past("item_outcomes", "item", Theme.ITEM_HISTORY, "this item", LINES)
GROUP = Past("category_outcomes", "category", Theme.ITEM_HISTORY, "this category", LINES)
BOOKED = Past("supplier_invoices", "supplier", RELIABILITY, "this supplier", "invoice lines")
BOOKED_ITEM = Past(
    "supplier_item_invoices",
    "supplier_item",
    Theme.PRICE,
    "this item of this supplier",
    "invoice lines",
)
DELIVERED = Past("supplier_deliveries", "supplier", RELIABILITY, "this supplier", "deliveries")
POSTED = Past("site_deliveries", "site", Theme.SITE_HABIT, "this site", "deliveries")
WORDS = {
    "exceptions": "ended in an exception",
    "price": "ended in a price variance",
    "quantity": "ended in a quantity variance",
    "no_receipt": "ended for want of a receipt",
    "quality": "ended in a quality hold",
    "unit": "ended in a mix-up of units",
    "charges": "ended in a difference of freight, tax or currency",
    "duplicate": "ended as duplicates",
    "paper": "ended for a wrong reference, date, limit or supplier",
    "blocked": "were blocked for payment and released",
    "reversed": "were reversed or credited",
    "amended": "were settled by amending the order",
}
VARIANCE = "prices were {value:+.1%} from the order on average"


def ended(past: Past, window: str, *kinds: str) -> tuple[Feature, ...]:
    """Share of settled lines that ended in each of these ways."""
    return tuple(past.share(kind, "events", window, WORDS[kind]) for kind in kinds)


def surge(cases: Cases) -> Floats:
    """Lines booked in four weeks over the four-weekly mean of a year."""
    usual = cases.past("supplier_invoices_events_364d") * (28.0 / 364.0)
    return ratio(cases.past("supplier_invoices_events_28d"), usual)


ENDED = (
    *ended(SUPPLIER, "91d", "exceptions", "price", "blocked", "reversed", "amended"),
    *ended(SUPPLIER, "364d", *WORDS),
    SUPPLIER.trend("exceptions", "events", "91d", "364d", WORDS["exceptions"]),
    SUPPLIER.value(
        "events_364d", "lines", "{value:.0f} lines of this supplier were settled (last 364 days)"
    ),
    *ended(SUPPLIER_SITE, "364d", "exceptions", "price", "no_receipt", "blocked"),
    *ended(SUPPLIER_ITEM, "364d", "exceptions", "price", "unit", "blocked", "amended"),
    SUPPLIER_ITEM.value(
        "events_364d",
        "lines",
        "{value:.0f} lines of this item of this supplier were settled (last 364 days)",
    ),
    *ended(SITE_ITEM, "364d", "exceptions", "unit", "charges"),
    *ended(SITE, "28d", "exceptions", "no_receipt", "blocked"),
    *ended(SITE, "91d", "exceptions", "no_receipt", "quality", "duplicate", "blocked", "reversed"),
    *ended(ITEM, "364d", "exceptions", "unit", "quality"),
    *ended(GROUP, "91d", "exceptions", "price", "blocked"),
)
INVOICED = (
    BOOKED.share("varied", "priced", "364d", "had another price than the order"),
    BOOKED.mean("variance", "priced", "364d", "share", VARIANCE),
    BOOKED.share("manual", "events", "364d", "were booked by hand"),
    BOOKED.value("events_28d", "lines", "{value:.0f} lines of this supplier booked in four weeks"),
    Feature(
        "supplier_invoice_surge",
        RELIABILITY,
        "ratio",
        "no invoice line of this supplier known (last 364 days)",
        "{value:.1f} times the usual number of this supplier's lines came in four weeks",
        surge,
    ),
    BOOKED_ITEM.share("varied", "priced", "364d", "had another price than the order"),
    BOOKED_ITEM.mean("variance", "priced", "364d", "share", VARIANCE),
    BOOKED_ITEM.value(
        "variance_last", "share", "the last invoice of this item was {value:+.1%} from its order"
    ),
    BOOKED_ITEM.value(
        "days_since", "days", "this supplier last invoiced this item {value:.0f} days ago"
    ),
    DELIVERED.share("short", "events", "364d", "came short"),
    DELIVERED.share("damaged", "events", "364d", "had damage"),
    DELIVERED.share("late", "promised", "91d", "came late"),
    POSTED.mean(
        "posting_days",
        "events",
        "91d",
        "days",
        "receipts are posted {value:.1f} days after arrival",
    ),
)
FEATURES = (*ENDED, *INVOICED)
