"""What the past says about whether an order line will be late."""

from data.contracts.items import CATEGORY, ITEM_ID
from data.contracts.purchase_orders import CHANNEL, ORIGIN, TRANSPORT_MODE
from data.contracts.sites import SITE_ID
from data.contracts.suppliers import SUPPLIER_ID
from features.cases import Cases
from features.feature import Feature, Floats, Theme, ratio
from features.history.deliveries import SITE_DELIVERIES, SUPPLIER_DELIVERIES, deliveries_by
from features.history.messages import messages_by
from features.history.order_book import order_book_by
from features.request.delay_order import promised_lead
from features.request.past import Past

STREAMS = (
    SUPPLIER_DELIVERIES,
    deliveries_by(
        "supplier_item_deliveries", SUPPLIER_ID, ITEM_ID, windows=(364,), last=("delay_days",)
    ),
    deliveries_by("supplier_site_deliveries", SUPPLIER_ID, SITE_ID, windows=(91, 364)),
    SITE_DELIVERIES,
    deliveries_by("item_deliveries", ITEM_ID, windows=(364,)),
    deliveries_by("category_deliveries", CATEGORY, windows=(91, 364)),
    deliveries_by("lane_deliveries", ORIGIN, TRANSPORT_MODE, windows=(182,)),
    deliveries_by("channel_deliveries", CHANNEL, windows=(28, 91)),
    order_book_by("supplier_orders", SUPPLIER_ID, windows=(28, 182, 364)),
    order_book_by("supplier_item_orders", SUPPLIER_ID, ITEM_ID, windows=(364,)),
    messages_by("supplier_messages", SUPPLIER_ID, windows=(182,)),
)
RELIABILITY = Theme.SUPPLIER_RELIABILITY
SUPPLIER = Past("supplier_deliveries", "supplier", RELIABILITY, "this supplier", "deliveries")
SUPPLIER_ITEM = Past(
    "supplier_item_deliveries",
    "supplier_item",
    RELIABILITY,
    "this item from this supplier",
    "deliveries",
)
SUPPLIER_SITE = Past(
    "supplier_site_deliveries",
    "supplier_site",
    RELIABILITY,
    "this supplier to this site",
    "deliveries",
)
SITE = Past("site_deliveries", "site", Theme.SITE_HABIT, "this site", "deliveries")
ITEM = Past("item_deliveries", "item", Theme.ITEM_HISTORY, "this item", "deliveries")
CATEGORY_PAST = Past(
    "category_deliveries", "category", Theme.ITEM_HISTORY, "this category", "deliveries"
)
LANE = Past(
    "lane_deliveries", "lane", RELIABILITY, "this origin and mode of transport", "deliveries"
)
CHANNEL_PAST = Past("channel_deliveries", "channel", Theme.ORDER, "this channel", "deliveries")
BOOK = Past("supplier_orders", "supplier", RELIABILITY, "this supplier", "order lines")
MESSAGES = Past("supplier_messages", "supplier", RELIABILITY, "this supplier", "messages")

LATE = "came late"
MEAN = "{value:+.1f} days from promise to arrival on average"


def late(past: Past, *windows: str) -> tuple[Feature, ...]:
    """Share of late deliveries over each window."""
    return tuple(past.share("late", "promised", window, LATE) for window in windows)


def delay(past: Past, *windows: str) -> tuple[Feature, ...]:
    """Mean delay over each window."""
    return tuple(past.mean("delay_days", "promised", w, "days", MEAN) for w in windows)


def per_line(measure: str, words: str) -> Feature:
    """Messages of a kind for each line ordered from the supplier in half a year."""
    return Feature(
        f"supplier_{measure}_per_line_182d",
        RELIABILITY,
        "ratio",
        "no order line and message of this supplier known (last 182 days)",
        f"{{value:.2f}} {words} of this supplier for each line ordered (last 182 days)",
        lambda cases: ratio(
            cases.past(f"supplier_messages_{measure}_182d"),
            cases.past("supplier_orders_lines_182d"),
        ),
    )


def lead_gap(cases: Cases) -> Floats:
    """Promised lead time less what the supplier usually takes."""
    usual = ratio(
        cases.past("supplier_deliveries_lead_days_364d"),
        cases.past("supplier_deliveries_events_364d"),
    )
    return promised_lead(cases) - usual


def item_lead_gap(cases: Cases) -> Floats:
    """Promised lead time less what the supplier usually takes for this item."""
    usual = ratio(
        cases.past("supplier_item_deliveries_lead_days_364d"),
        cases.past("supplier_item_deliveries_events_364d"),
    )
    return promised_lead(cases) - usual


def promise_gap(cases: Cases) -> Floats:
    """Promised lead time less what the supplier usually promises."""
    usual = ratio(
        cases.past("supplier_orders_promise_days_364d"),
        cases.past("supplier_orders_promised_364d"),
    )
    return promised_lead(cases) - usual


def surge(cases: Cases) -> Floats:
    """Lines ordered in four weeks over the four-weekly mean of half a year."""
    usual = cases.past("supplier_orders_lines_182d") * (28.0 / 182.0)
    return ratio(cases.past("supplier_orders_lines_28d"), usual)


def overdue_share(cases: Cases) -> Floats:
    """Overdue lines over open lines."""
    return ratio(
        cases.past("supplier_orders_overdue_ever"), cases.past("supplier_orders_open_ever")
    )


DELIVERED = (
    *late(SUPPLIER, "28d", "91d", "364d"),
    *delay(SUPPLIER, "91d", "364d"),
    SUPPLIER.spread("delay_days", "promised", "364d", "days", "delays scatter by {value:.1f} days"),
    SUPPLIER.trend("late", "promised", "91d", "364d", LATE),
    SUPPLIER.share("early", "promised", "364d", "came early"),
    SUPPLIER.share("short", "events", "364d", "came short"),
    SUPPLIER.share("damaged", "events", "364d", "had damage"),
    SUPPLIER.value(
        "delay_days_last",
        "days",
        "the supplier's latest delivery came {value:+.0f} days from promise",
    ),
    SUPPLIER.value(
        "events_364d", "lines", "{value:.0f} lines were delivered by this supplier (last 364 days)"
    ),
    SUPPLIER.value(
        "days_since", "days", "this supplier's latest delivery was known {value:.0f} days ago"
    ),
    *late(SUPPLIER_ITEM, "364d", "ever"),
    *delay(SUPPLIER_ITEM, "364d"),
    SUPPLIER_ITEM.value(
        "delay_days_last",
        "days",
        "the latest delivery of this item from this supplier came {value:+.0f} days from promise",
    ),
    SUPPLIER_ITEM.value(
        "events_364d",
        "lines",
        "{value:.0f} lines of this item came from this supplier (last 364 days)",
    ),
    *late(SUPPLIER_SITE, "91d", "364d"),
    *delay(SUPPLIER_SITE, "364d"),
    SUPPLIER_SITE.value(
        "events_364d",
        "lines",
        "{value:.0f} lines were delivered by this supplier to this site (last 364 days)",
    ),
)
AROUND = (
    *late(SITE, "28d", "91d", "364d"),
    *delay(SITE, "91d"),
    SITE.trend("late", "promised", "28d", "364d", LATE),
    *late(ITEM, "364d"),
    *delay(ITEM, "364d"),
    *late(CATEGORY_PAST, "91d", "364d"),
    *late(LANE, "182d"),
    *delay(LANE, "182d"),
    *late(CHANNEL_PAST, "28d", "91d"),
)
LOAD = (
    Feature(
        "lead_gap_days",
        Theme.TIMING,
        "days",
        "no usual lead time or no promise",
        "the promise leaves {value:+.1f} days against the lead time this supplier usually needs",
        lead_gap,
    ),
    Feature(
        "item_lead_gap_days",
        Theme.TIMING,
        "days",
        "no usual lead time of this item or no promise",
        "the promise leaves {value:+.1f} days against what this item usually needs from them",
        item_lead_gap,
    ),
    Feature(
        "promise_gap_days",
        Theme.TIMING,
        "days",
        "no usual promise or no promise",
        "the promised lead time is {value:+.1f} days from what this supplier usually promises",
        promise_gap,
    ),
    BOOK.value("open_ever", "lines", "{value:.0f} lines are open at this supplier"),
    BOOK.value("overdue_ever", "lines", "{value:.0f} lines are overdue at this supplier"),
    Feature(
        "supplier_overdue_share",
        RELIABILITY,
        "share",
        "no open line at this supplier",
        "{value:.0%} of the open lines at this supplier are overdue",
        overdue_share,
    ),
    Feature(
        "supplier_order_surge",
        RELIABILITY,
        "ratio",
        "no line ordered from this supplier in the last 182 days",
        "{value:.1f} times the usual number of lines was ordered from this supplier in four weeks",
        surge,
    ),
    MESSAGES.share(
        "bad_acks", "acks", "182d", "were other than a plain acceptance (acknowledgements)"
    ),
    per_line("acks", "acknowledgements"),
    per_line("asns", "ship notices"),
    per_line("notices", "delay notices"),
)
FEATURES = (*DELIVERED, *AROUND, *LOAD)
