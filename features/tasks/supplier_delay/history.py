"""History features of an order line: delivery reliability and order load of its supplier."""

from data.contracts.items import CATEGORY, ITEM_ID
from data.contracts.purchase_orders import CHANNEL, ORIGIN, TRANSPORT_MODE
from data.contracts.sites import SITE_ID
from data.contracts.suppliers import SUPPLIER_ID
from features.builders.history_features import HistoryFeatures
from features.cases import Cases
from features.feature import Feature, Floats, Theme, ratio
from features.history.deliveries import SITE_DELIVERIES, SUPPLIER_DELIVERIES, deliveries_by
from features.history.order_book import order_book_by
from features.history.supplier_messages import supplier_messages_by
from features.tasks.supplier_delay.order_line import promised_lead_days

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
    supplier_messages_by("supplier_messages", SUPPLIER_ID, windows=(182,)),
)
RELIABILITY = Theme.SUPPLIER_RELIABILITY
DELIVERIES_OF_SUPPLIER = HistoryFeatures(
    "supplier_deliveries", "supplier", RELIABILITY, "this supplier", "deliveries"
)
DELIVERIES_OF_SUPPLIER_ITEM = HistoryFeatures(
    "supplier_item_deliveries",
    "supplier_item",
    RELIABILITY,
    "this item from this supplier",
    "deliveries",
)
DELIVERIES_OF_SUPPLIER_TO_SITE = HistoryFeatures(
    "supplier_site_deliveries",
    "supplier_site",
    RELIABILITY,
    "this supplier to this site",
    "deliveries",
)
DELIVERIES_TO_SITE = HistoryFeatures(
    "site_deliveries", "site", Theme.SITE_HABIT, "this site", "deliveries"
)
DELIVERIES_OF_ITEM = HistoryFeatures(
    "item_deliveries", "item", Theme.ITEM_HISTORY, "this item", "deliveries"
)
CATEGORY_DELIVERIES = HistoryFeatures(
    "category_deliveries", "category", Theme.ITEM_HISTORY, "this category", "deliveries"
)
LANE_DELIVERIES = HistoryFeatures(
    "lane_deliveries", "lane", RELIABILITY, "this origin and mode of transport", "deliveries"
)
CHANNEL_DELIVERIES = HistoryFeatures(
    "channel_deliveries", "channel", Theme.ORDER, "this channel", "deliveries"
)
ORDER_BOOK = HistoryFeatures(
    "supplier_orders", "supplier", RELIABILITY, "this supplier", "order lines"
)
SUPPLIER_MESSAGES = HistoryFeatures(
    "supplier_messages", "supplier", RELIABILITY, "this supplier", "messages"
)

LATE_WORDS = "came late"
MEAN_DELAY_WORDS = "arrived {value:days after|before|on} the promised day on average"


def late_shares(past: HistoryFeatures, *windows: str) -> tuple[Feature, ...]:
    """Share of late deliveries over each window."""
    return tuple(past.share("late", "promised", window, LATE_WORDS) for window in windows)


def mean_delays(past: HistoryFeatures, *windows: str) -> tuple[Feature, ...]:
    """Mean delay over each window."""
    return tuple(past.mean("delay_days", "promised", w, "days", MEAN_DELAY_WORDS) for w in windows)


def messages_per_order_line(measure: str, words: str) -> Feature:
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


def lead_time_gap(cases: Cases) -> Floats:
    """Promised lead time less what the supplier usually takes."""
    usual = ratio(
        cases.past("supplier_deliveries_lead_days_364d"),
        cases.past("supplier_deliveries_events_364d"),
    )
    return promised_lead_days(cases) - usual


def item_lead_time_gap(cases: Cases) -> Floats:
    """Promised lead time less what the supplier usually takes for this item."""
    usual = ratio(
        cases.past("supplier_item_deliveries_lead_days_364d"),
        cases.past("supplier_item_deliveries_events_364d"),
    )
    return promised_lead_days(cases) - usual


def promised_lead_gap(cases: Cases) -> Floats:
    """Promised lead time less what the supplier usually promises."""
    usual = ratio(
        cases.past("supplier_orders_promise_days_364d"),
        cases.past("supplier_orders_promised_364d"),
    )
    return promised_lead_days(cases) - usual


def order_surge(cases: Cases) -> Floats:
    """Lines ordered in four weeks over the four-weekly mean of half a year."""
    usual = cases.past("supplier_orders_lines_182d") * (28.0 / 182.0)
    return ratio(cases.past("supplier_orders_lines_28d"), usual)


def overdue_share(cases: Cases) -> Floats:
    """Overdue lines over open lines."""
    return ratio(
        cases.past("supplier_orders_overdue_ever"), cases.past("supplier_orders_open_ever")
    )


DELIVERY_FEATURES = (
    *late_shares(DELIVERIES_OF_SUPPLIER, "28d", "91d", "364d"),
    *mean_delays(DELIVERIES_OF_SUPPLIER, "91d", "364d"),
    DELIVERIES_OF_SUPPLIER.spread(
        "delay_days", "promised", "364d", "days", "delays scatter by {value:.1f} days"
    ),
    DELIVERIES_OF_SUPPLIER.trend("late", "promised", "91d", "364d", LATE_WORDS),
    DELIVERIES_OF_SUPPLIER.share("early", "promised", "364d", "came early"),
    DELIVERIES_OF_SUPPLIER.share("short", "events", "364d", "came short"),
    DELIVERIES_OF_SUPPLIER.share("damaged", "events", "364d", "had damage"),
    DELIVERIES_OF_SUPPLIER.value(
        "delay_days_last",
        "days",
        "the supplier's latest delivery came {value:days after|before|on} its promised day",
    ),
    DELIVERIES_OF_SUPPLIER.value(
        "events_364d",
        "lines",
        "{value:count line|lines} delivered by this supplier (last 364 days)",
    ),
    DELIVERIES_OF_SUPPLIER.value(
        "days_since",
        "days",
        "this supplier's latest delivery was booked {value:days ago|ahead|today}",
    ),
    *late_shares(DELIVERIES_OF_SUPPLIER_ITEM, "364d", "ever"),
    *mean_delays(DELIVERIES_OF_SUPPLIER_ITEM, "364d"),
    DELIVERIES_OF_SUPPLIER_ITEM.value(
        "delay_days_last",
        "days",
        "its latest delivery of this item came {value:days after|before|on} the promised day",
    ),
    DELIVERIES_OF_SUPPLIER_ITEM.value(
        "events_364d",
        "lines",
        "{value:count line|lines} of this item delivered by this supplier (last 364 days)",
    ),
    *late_shares(DELIVERIES_OF_SUPPLIER_TO_SITE, "91d", "364d"),
    *mean_delays(DELIVERIES_OF_SUPPLIER_TO_SITE, "364d"),
    DELIVERIES_OF_SUPPLIER_TO_SITE.value(
        "events_364d",
        "lines",
        "{value:count line|lines} delivered by this supplier to this site (last 364 days)",
    ),
)
CONTEXT_FEATURES = (
    *late_shares(DELIVERIES_TO_SITE, "28d", "91d", "364d"),
    *mean_delays(DELIVERIES_TO_SITE, "91d"),
    DELIVERIES_TO_SITE.trend("late", "promised", "28d", "364d", LATE_WORDS),
    *late_shares(DELIVERIES_OF_ITEM, "364d"),
    *mean_delays(DELIVERIES_OF_ITEM, "364d"),
    *late_shares(CATEGORY_DELIVERIES, "91d", "364d"),
    *late_shares(LANE_DELIVERIES, "182d"),
    *mean_delays(LANE_DELIVERIES, "182d"),
    *late_shares(CHANNEL_DELIVERIES, "28d", "91d"),
)
ORDER_LOAD_FEATURES = (
    Feature(
        "lead_gap_days",
        Theme.TIMING,
        "days",
        "no usual lead time or no promise",
        "the promise leaves {value:days more than|less than|just} this supplier's usual lead time",
        lead_time_gap,
    ),
    Feature(
        "item_lead_gap_days",
        Theme.TIMING,
        "days",
        "no usual lead time of this item or no promise",
        "the promise leaves {value:days more than|less than|just} this item's usual lead time",
        item_lead_time_gap,
    ),
    Feature(
        "promise_gap_days",
        Theme.TIMING,
        "days",
        "no usual promise or no promise",
        "the lead time is {value:days longer than|shorter than|just} what is usually promised",
        promised_lead_gap,
    ),
    ORDER_BOOK.value("open_ever", "lines", "{value:count line|lines} open at this supplier"),
    ORDER_BOOK.value("overdue_ever", "lines", "{value:count line|lines} overdue at this supplier"),
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
        order_surge,
    ),
    SUPPLIER_MESSAGES.share(
        "bad_acks", "acks", "182d", "were other than a plain acceptance (acknowledgements)"
    ),
    messages_per_order_line("acks", "acknowledgements"),
    messages_per_order_line("asns", "ship notices"),
    messages_per_order_line("notices", "delay notices"),
)
FEATURES = (*DELIVERY_FEATURES, *CONTEXT_FEATURES, *ORDER_LOAD_FEATURES)
