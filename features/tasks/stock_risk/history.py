"""History features of stock: stock-outs, receipts, corrections, context of item and site."""

from __future__ import annotations

from features.cases import Cases
from features.feature import Feature, Floats, Theme, ratio
from features.tasks.stock_risk.quantities import (
    daily_demand,
    relative_change,
    stock_on_hand,
    zero_share,
)

ITEM, SITE = Theme.ITEM_HISTORY, Theme.SITE_HABIT
NO_REPORT = "no report of stock in that time"
REPORTS_HERE = "this site's reports of the item"
REPORTS_OF_ENTITY = {
    "item": "reports of this item at all sites",
    "region_item": "reports of this item in the region",
    "site": "this site's reports of all items",
}


def _zero_share_feature(entity: str, span: str, theme: Theme, whose: str) -> Feature:
    name = "zero_share" if entity == "site_item" else f"{entity}_zero_share"
    days = "ever" if span == "ever" else f"last {span.removesuffix('d')} days"
    return Feature(
        f"{name}_{span}",
        theme,
        "share",
        NO_REPORT,
        f"{{value:.0%}} of {whose} showed nothing on hand ({days})",
        lambda cases: zero_share(cases, entity, span),
    )


def _measure_feature(name: str, unit: str, missing: str, sentence: str, measure: str) -> Feature:
    return Feature(name, ITEM, unit, missing, sentence, lambda cases: cases.past(measure))


def _on_hand_change_feature(window: int) -> Feature:
    def compute(cases: Cases) -> Floats:
        count = cases.past(f"site_item_reports_events_{window}d")
        return relative_change(stock_on_hand(cases), ratio(_reported(cases, window), count))

    return Feature(
        f"on_hand_change_{window}d",
        ITEM,
        "change from -1 to 1",
        NO_REPORT,
        f"on hand against its mean over {window} days: {{value:+.2f}} (0 as usual, -1 used up)",
        compute,
    )


def _reported(cases: Cases, window: int) -> Floats:
    return cases.past(f"site_item_reports_on_hand_{window}d")


def _received_to_issued_feature(window: int) -> Feature:
    def compute(cases: Cases) -> Floats:
        received = cases.past(f"site_item_receipts_quantity_{window}d") / window
        return relative_change(received, daily_demand(cases, window))

    return Feature(
        f"received_to_issued_{window}d",
        ITEM,
        "change from -1 to 1",
        "nothing was ever received, or neither received nor issued in that time",
        f"received against issued over {window} days: {{value:+.2f}} (0 even, -1 only issued)",
        compute,
    )


def _share_of_requests_received(cases: Cases) -> Floats:
    asked = cases.past("site_item_reports_requested_175d")
    return ratio(cases.past("site_item_receipts_quantity_175d"), asked)


def _days_between_receipts(cases: Cases) -> Floats:
    count = cases.past("site_item_receipts_events_364d")
    return ratio(364.0 + 0.0 * count, count)


def _receipt_overdue_ratio(cases: Cases) -> Floats:
    return ratio(cases.past("site_item_receipts_days_since"), _days_between_receipts(cases))


def _correction_share(cases: Cases) -> Floats:
    moved = cases.past("site_item_corrections_size_364d")
    return ratio(moved, cases.past("site_item_issues_quantity_364d"))


def _demand_trend_feature(entity: str, theme: Theme, whose: str) -> Feature:
    return Feature(
        f"{entity}_demand_trend",
        theme,
        "change from -1 to 1",
        "nothing was issued in 364 days",
        f"demand {whose} in 28 days against 364: {{value:+.2f}} (-1 stopped, 1 new)",
        lambda cases: relative_change(
            daily_demand(cases, 28, entity), daily_demand(cases, 364, entity)
        ),
    )


def _supply_trend_feature(entity: str, theme: Theme, whose: str) -> Feature:
    def compute(cases: Cases) -> Floats:
        received = cases.past(f"{entity}_receipts_quantity_28d") / 28
        return relative_change(received, cases.past(f"{entity}_receipts_quantity_364d") / 364)

    return Feature(
        f"{entity}_supply_trend",
        theme,
        "change from -1 to 1",
        "nothing was received in 364 days",
        f"received {whose} in 28 days against 364: {{value:+.2f}} (-1 stopped, 1 new)",
        compute,
    )


def _short_share_feature(entity: str, theme: Theme, whose: str) -> Feature:
    def compute(cases: Cases) -> Floats:
        short = cases.past(f"{entity}_orders_short_28d")
        return ratio(short, cases.past(f"{entity}_orders_demanded_28d"))

    return Feature(
        f"{entity}_short_share_28d",
        theme,
        "share",
        "no customer's order line in 28 days",
        f"{{value:.0%}} of what customers asked for {whose} was short (last 28 days)",
        compute,
    )


SITE_ITEM_FEATURES = (
    *(
        _zero_share_feature("site_item", span, ITEM, REPORTS_HERE)
        for span in ("28d", "84d", "175d", "364d", "ever")
    ),
    *map(_on_hand_change_feature, (84, 364)),
    *map(_received_to_issued_feature, (84, 364)),
    _measure_feature(
        "days_since_zero",
        "days",
        "never reported at zero here",
        "last reported at zero {value:days ago|ahead|today}",
        "site_item_at_zero_days_since",
    ),
    _measure_feature(
        "days_since_stock",
        "days",
        "never reported above zero here",
        "last reported above zero {value:days ago|ahead|today}",
        "site_item_in_stock_days_since",
    ),
    _measure_feature(
        "reports_364d",
        "reports",
        "never reported here",
        "{value:count report|reports} of stock in the last 364 days",
        "site_item_reports_events_364d",
    ),
    _measure_feature(
        "days_since_receipt",
        "days",
        "never received here",
        "last received {value:days ago|ahead|today}",
        "site_item_receipts_days_since",
    ),
    Feature(
        "days_between_receipts",
        ITEM,
        "days",
        "nothing received in 364 days",
        "{value:count day|days} between receipts on average (last 364 days)",
        _days_between_receipts,
    ),
    Feature(
        "receipt_overdue",
        ITEM,
        "ratio",
        "nothing received in 364 days",
        "the last receipt is {value:.1f} times the usual gap ago",
        _receipt_overdue_ratio,
    ),
    Feature(
        "requests_served_175d",
        ITEM,
        "ratio",
        "nothing was asked for in 175 days, or nothing was ever received",
        "received {value:.0%} of what was asked for in the last 175 days",
        _share_of_requests_received,
    ),
    Feature(
        "corrections_share_364d",
        ITEM,
        "ratio",
        "stock was never corrected, or nothing issued in 364 days",
        "corrections of stock are {value:.0%} of what was issued (last 364 days)",
        _correction_share,
    ),
)

CONTEXT_FEATURES = (
    *(
        _zero_share_feature("item", span, ITEM, REPORTS_OF_ENTITY["item"])
        for span in ("28d", "84d", "364d")
    ),
    *(
        _zero_share_feature("region_item", span, ITEM, REPORTS_OF_ENTITY["region_item"])
        for span in ("28d", "84d", "364d")
    ),
    *(
        _zero_share_feature("site", span, SITE, REPORTS_OF_ENTITY["site"])
        for span in ("28d", "84d", "364d")
    ),
    _demand_trend_feature("item", ITEM, "for the item at all sites"),
    _demand_trend_feature("site", SITE, "for all items of the site"),
    _supply_trend_feature("item", ITEM, "of the item at all sites"),
    _supply_trend_feature("site", SITE, "by the site of all items"),
    _short_share_feature("item", ITEM, "of the item at all sites"),
    _short_share_feature("site", SITE, "of the site"),
)

HISTORY_FEATURES: tuple[Feature, ...] = (*SITE_ITEM_FEATURES, *CONTEXT_FEATURES)
