"""Feature set of stock_risk: case shape, history streams and features."""

from __future__ import annotations

from data.contracts.items import CATEGORY, ITEM_ID, SUBCATEGORY, UNIT_COST
from data.contracts.sites import REGION, SITE_ID, SITE_TYPE
from features.builders.case_features import (
    YEAR_DAYS,
    calendar_feature,
    category_feature,
    month,
    number_feature,
)
from features.feature import Feature, Theme
from features.history.stock import (
    MONTH_WINDOWS,
    YEAR_AGO_WINDOW,
    corrections_by,
    customer_orders_by,
    in_stock_reports_by,
    issues_by,
    stock_receipts_by,
    stock_reports_by,
    zero_stock_reports_by,
)
from features.history.stream import Stream
from features.tasks.stock_risk.cover import cover_features
from features.tasks.stock_risk.demand import DEMAND_FEATURES
from features.tasks.stock_risk.history import HISTORY_FEATURES
from features.tasks.stock_risk.shape import STOCK_RISK_SHAPE

SHAPE = STOCK_RISK_SHAPE

ITEM_ISSUES = issues_by("item_issues", (ITEM_ID,), MONTH_WINDOWS)
ITEM_ORDERS = customer_orders_by("item_orders", (ITEM_ID,), (28, 364))
ITEM_RECEIPTS = stock_receipts_by("item_receipts", (ITEM_ID,), (28, 84, 364))
ITEM_REPORTS = stock_reports_by("item_reports", (ITEM_ID,), MONTH_WINDOWS)
REGION_ITEM_REPORTS = stock_reports_by("region_item_reports", (REGION, ITEM_ID), (28, 84, 364))

SITE_ISSUES = issues_by("site_issues", (SITE_ID,), (28, 84, 364))
SITE_ORDERS = customer_orders_by("site_orders", (SITE_ID,), (28, 364))
SITE_RECEIPTS = stock_receipts_by("site_receipts", (SITE_ID,), (28, 84, 364))
SITE_REPORTS = stock_reports_by("site_reports", (SITE_ID,), MONTH_WINDOWS)

SITE_ITEM_KEY = (SITE_ID, ITEM_ID)

SITE_ITEM_ISSUES = issues_by(
    "site_item_issues",
    SITE_ITEM_KEY,
    (7, 14, *MONTH_WINDOWS[:-1], YEAR_AGO_WINDOW, MONTH_WINDOWS[-1]),
)
SITE_ITEM_ORDERS = customer_orders_by("site_item_orders", SITE_ITEM_KEY, MONTH_WINDOWS)
SITE_ITEM_RECEIPTS = stock_receipts_by("site_item_receipts", SITE_ITEM_KEY, MONTH_WINDOWS)
SITE_ITEM_CORRECTIONS = corrections_by("site_item_corrections", SITE_ITEM_KEY, (84, 364))
SITE_ITEM_REPORTS = stock_reports_by(
    "site_item_reports", SITE_ITEM_KEY, (*MONTH_WINDOWS[:-1], YEAR_AGO_WINDOW, MONTH_WINDOWS[-1])
)
SITE_ITEM_AT_ZERO = zero_stock_reports_by("site_item_at_zero", SITE_ITEM_KEY)
SITE_ITEM_IN_STOCK = in_stock_reports_by("site_item_in_stock", SITE_ITEM_KEY)


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

MASTER_DATA_FEATURES = (
    category_feature(CATEGORY, Theme.ITEM_HISTORY, "category"),
    category_feature(SUBCATEGORY, Theme.ITEM_HISTORY, "subcategory"),
    category_feature(SITE_TYPE, Theme.SITE_HABIT, "type of site"),
    category_feature(REGION, Theme.SITE_HABIT, "region"),
    number_feature(UNIT_COST, Theme.ITEM_HISTORY, "currency", "one unit costs {value:,.2f}"),
    calendar_feature(
        "month",
        month,
        lambda cases: cases.asked_at,
        "asked in {value:month}",
        cycle_days=YEAR_DAYS,
    ),
)


def stock_risk_features(horizon_days: int) -> tuple[Feature, ...]:
    """Build the features for a question that looks `horizon_days` ahead; names stay the same."""
    return (
        *cover_features(horizon_days),
        *DEMAND_FEATURES,
        *HISTORY_FEATURES,
        *MASTER_DATA_FEATURES,
    )


FEATURES = stock_risk_features(HORIZON_DAYS)
