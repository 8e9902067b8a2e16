"""History features of an invoice line: outcomes and prices of supplier, site and item."""

from data.contracts.items import CATEGORY, ITEM_ID
from data.contracts.sites import SITE_ID
from data.contracts.suppliers import SUPPLIER_ID
from features.builders.history_features import HistoryFeatures
from features.cases import Cases
from features.feature import Feature, Floats, Theme, ratio
from features.history.deliveries import SITE_DELIVERIES, SUPPLIER_DELIVERIES
from features.history.invoices import invoice_lines_by, invoice_outcomes_by

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
SUPPLIER_OUTCOMES = HistoryFeatures(
    "supplier_outcomes", "supplier", RELIABILITY, "this supplier", LINES
)
SUPPLIER_SITE_OUTCOMES = HistoryFeatures(
    "supplier_site_outcomes", "supplier_site", RELIABILITY, "this supplier at this site", LINES
)
SUPPLIER_ITEM_OUTCOMES = HistoryFeatures(
    "supplier_item_outcomes", "supplier_item", RELIABILITY, "this item of this supplier", LINES
)
SITE_ITEM_OUTCOMES = HistoryFeatures(
    "site_item_outcomes", "site_item", Theme.SITE_HABIT, "this item at this site", LINES
)
SITE_OUTCOMES = HistoryFeatures("site_outcomes", "site", Theme.SITE_HABIT, "this site", LINES)
ITEM_OUTCOMES = HistoryFeatures("item_outcomes", "item", Theme.ITEM_HISTORY, "this item", LINES)
CATEGORY_OUTCOMES = HistoryFeatures(
    "category_outcomes", "category", Theme.ITEM_HISTORY, "this category", LINES
)
SUPPLIER_INVOICES = HistoryFeatures(
    "supplier_invoices", "supplier", RELIABILITY, "this supplier", "invoice lines"
)
SUPPLIER_ITEM_INVOICES = HistoryFeatures(
    "supplier_item_invoices",
    "supplier_item",
    Theme.PRICE,
    "this item of this supplier",
    "invoice lines",
)
DELIVERIES_OF_SUPPLIER = HistoryFeatures(
    "supplier_deliveries", "supplier", RELIABILITY, "this supplier", "deliveries"
)
DELIVERIES_TO_SITE = HistoryFeatures(
    "site_deliveries", "site", Theme.SITE_HABIT, "this site", "deliveries"
)
OUTCOME_WORDS = {
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
VARIANCE = "prices were {value:share above|below|the same as} the order on average"


def outcome_shares(past: HistoryFeatures, window: str, *kinds: str) -> tuple[Feature, ...]:
    """Build features: share of settled lines that ended in each of these ways."""
    return tuple(past.share(kind, "events", window, OUTCOME_WORDS[kind]) for kind in kinds)


def invoice_surge(cases: Cases) -> Floats:
    """Lines booked in four weeks over the four-weekly mean of a year."""
    usual = cases.past("supplier_invoices_events_364d") * (28.0 / 364.0)
    return ratio(cases.past("supplier_invoices_events_28d"), usual)


OUTCOME_FEATURES = (
    *outcome_shares(
        SUPPLIER_OUTCOMES, "91d", "exceptions", "price", "blocked", "reversed", "amended"
    ),
    *outcome_shares(SUPPLIER_OUTCOMES, "364d", *OUTCOME_WORDS),
    SUPPLIER_OUTCOMES.trend("exceptions", "events", "91d", "364d", OUTCOME_WORDS["exceptions"]),
    SUPPLIER_OUTCOMES.value(
        "events_364d", "lines", "{value:count line|lines} of this supplier settled (last 364 days)"
    ),
    *outcome_shares(SUPPLIER_SITE_OUTCOMES, "364d", "exceptions", "price", "no_receipt", "blocked"),
    *outcome_shares(
        SUPPLIER_ITEM_OUTCOMES, "364d", "exceptions", "price", "unit", "blocked", "amended"
    ),
    SUPPLIER_ITEM_OUTCOMES.value(
        "events_364d",
        "lines",
        "{value:count line|lines} of this item of this supplier settled (last 364 days)",
    ),
    *outcome_shares(SITE_ITEM_OUTCOMES, "364d", "exceptions", "unit", "charges"),
    *outcome_shares(SITE_OUTCOMES, "28d", "exceptions", "no_receipt", "blocked"),
    *outcome_shares(
        SITE_OUTCOMES,
        "91d",
        "exceptions",
        "no_receipt",
        "quality",
        "duplicate",
        "blocked",
        "reversed",
    ),
    *outcome_shares(ITEM_OUTCOMES, "364d", "exceptions", "unit", "quality"),
    *outcome_shares(CATEGORY_OUTCOMES, "91d", "exceptions", "price", "blocked"),
)
INVOICE_FEATURES = (
    SUPPLIER_INVOICES.share("varied", "priced", "364d", "had another price than the order"),
    SUPPLIER_INVOICES.mean("variance", "priced", "364d", "share", VARIANCE),
    SUPPLIER_INVOICES.share("manual", "events", "364d", "were booked by hand"),
    SUPPLIER_INVOICES.value(
        "events_28d", "lines", "{value:count line|lines} of this supplier booked in four weeks"
    ),
    Feature(
        "supplier_invoice_surge",
        RELIABILITY,
        "ratio",
        "no invoice line of this supplier known (last 364 days)",
        "{value:.1f} times the usual number of this supplier's lines came in four weeks",
        invoice_surge,
    ),
    SUPPLIER_ITEM_INVOICES.share("varied", "priced", "364d", "had another price than the order"),
    SUPPLIER_ITEM_INVOICES.mean("variance", "priced", "364d", "share", VARIANCE),
    SUPPLIER_ITEM_INVOICES.value(
        "variance_last",
        "share",
        "the last price invoiced for this item was {value:share above|below|the same as} its order",
    ),
    SUPPLIER_ITEM_INVOICES.value(
        "days_since", "days", "this supplier last invoiced this item {value:days ago|ahead|today}"
    ),
    DELIVERIES_OF_SUPPLIER.share("short", "events", "364d", "came short"),
    DELIVERIES_OF_SUPPLIER.share("damaged", "events", "364d", "had damage"),
    DELIVERIES_OF_SUPPLIER.share("late", "promised", "91d", "came late"),
    DELIVERIES_TO_SITE.mean(
        "posting_days",
        "events",
        "91d",
        "days",
        "receipts are posted {value:days after|before|on the day of} arrival",
    ),
)
FEATURES = (*OUTCOME_FEATURES, *INVOICE_FEATURES)
