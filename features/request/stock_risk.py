"""stock_risk: what says that a site will run out of an item."""

from __future__ import annotations

from data.contracts.items import CATEGORY, SUBCATEGORY, UNIT_COST
from data.contracts.sites import REGION, SITE_TYPE
from features.feature import Feature, Theme
from features.history.item import (
    ITEM_ISSUES,
    ITEM_ORDERS,
    ITEM_RECEIPTS,
    ITEM_REPORTS,
    REGION_ITEM_REPORTS,
)
from features.history.site import SITE_ISSUES, SITE_ORDERS, SITE_RECEIPTS, SITE_REPORTS
from features.history.site_item import (
    SITE_ITEM_AT_ZERO,
    SITE_ITEM_CORRECTIONS,
    SITE_ITEM_IN_STOCK,
    SITE_ITEM_ISSUES,
    SITE_ITEM_ORDERS,
    SITE_ITEM_RECEIPTS,
    SITE_ITEM_REPORTS,
)
from features.history.stream import Stream
from features.request.facts import calendar, category, month, number
from features.request.shapes import STOCK_RISK as SHAPE
from features.request.stock_cover import cover_features
from features.request.stock_demand import DEMAND_FEATURES
from features.request.stock_past import PAST_FEATURES

__all__ = ["FEATURES", "SHAPE", "STREAMS", "features"]

HORIZON_DAYS = 14

STREAMS: tuple[Stream, ...] = (
    SITE_ITEM_ISSUES,
    SITE_ITEM_ORDERS,
    SITE_ITEM_RECEIPTS,
    SITE_ITEM_CORRECTIONS,
    SITE_ITEM_REPORTS,
    SITE_ITEM_AT_ZERO,
    SITE_ITEM_IN_STOCK,
    ITEM_ISSUES,
    ITEM_ORDERS,
    ITEM_RECEIPTS,
    ITEM_REPORTS,
    REGION_ITEM_REPORTS,
    SITE_ISSUES,
    SITE_ORDERS,
    SITE_RECEIPTS,
    SITE_REPORTS,
)

MASTER = (
    category(CATEGORY, Theme.ITEM_HISTORY, "category"),
    category(SUBCATEGORY, Theme.ITEM_HISTORY, "subcategory"),
    category(SITE_TYPE, Theme.SITE_HABIT, "type of site"),
    category(REGION, Theme.SITE_HABIT, "region"),
    number(UNIT_COST, Theme.ITEM_HISTORY, "currency", "one unit costs {value:,.2f}"),
    calendar(
        "month",
        month,
        lambda cases: cases.asked_at,
        "asked in month {value:.0f}",
    ),
)


def features(horizon_days: int) -> tuple[Feature, ...]:
    """The features for a question that looks `horizon_days` ahead; names stay the same."""
    return (*cover_features(horizon_days), *DEMAND_FEATURES, *PAST_FEATURES, *MASTER)


FEATURES = features(HORIZON_DAYS)
