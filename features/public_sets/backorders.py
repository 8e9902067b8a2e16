"""Feature set of the public backorders data: part snapshots without site, date or history.

The publisher gives no unit for lead time; months of demand are taken from past sales and from
the forecast, whichever is higher, so that a part is not called covered on one of them alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from features.cases import Cases, Floats
from features.feature import Feature, Theme, ratio

WINDOWS = {"sales_1_month": 1, "sales_3_month": 3, "sales_6_month": 6, "sales_9_month": 9}
FORECASTS = {"forecast_3_month": 3, "forecast_6_month": 6, "forecast_9_month": 9}
EMPTY_IN_SNAPSHOT = "the snapshot leaves it empty"
NO_SALES_NO_FORECAST = "no sales and no forecast, so nothing to divide by"


def monthly_demand(cases: Cases) -> Floats:
    """Higher of the sales rate of three months and the forecast rate, units a month."""
    sold = cases.number("sales_3_month") / 3
    planned = cases.number("forecast_3_month") / 3
    return np.fmax(sold, planned)


def nine_month_demand(cases: Cases) -> Floats:
    """Higher of the sales rate of nine months and the forecast rate of nine, units a month."""
    return np.fmax(cases.number("sales_9_month"), cases.number("forecast_9_month")) / 9


def available_supply(cases: Cases) -> Floats:
    """On hand plus in transit, units."""
    return cases.number("national_inv") + cases.number("in_transit_qty")


def projected_position(cases: Cases, forecast: str) -> Floats:
    """Projected balance: on hand + in transit - forecast, units."""
    return available_supply(cases) - cases.number(forecast)


def log_signed(values: Floats) -> Floats:
    """Sign and magnitude on a log scale: quantities run into millions."""
    return np.sign(values) * np.log1p(np.abs(values))


def _snapshot_feature(
    name: str, theme: Theme, unit: str, sentence: str, missing: str = EMPTY_IN_SNAPSHOT
) -> Feature:
    return Feature(name, theme, unit, missing, sentence, lambda cases: cases.number(name))


def _derived_feature(
    name: str, theme: Theme, unit: str, sentence: str, compute: Callable[[Cases], Floats]
) -> Feature:
    return Feature(name, theme, unit, NO_SALES_NO_FORECAST, sentence, compute)


SNAPSHOT_FEATURES = (
    _snapshot_feature("national_inv", Theme.STOCK_COVER, "units", "{value:,.0f} units are on hand"),
    _snapshot_feature(
        "lead_time",
        Theme.SUPPLIER_RELIABILITY,
        "",
        "the registered lead time is {value:.0f}",
        "no lead time registered; such parts are seldom short",
    ),
    _snapshot_feature(
        "in_transit_qty", Theme.STOCK_COVER, "units", "{value:,.0f} units are in transit"
    ),
    _snapshot_feature(
        "forecast_3_month", Theme.DEMAND, "units", "the forecast of 3 months is {value:,.0f} units"
    ),
    _snapshot_feature(
        "forecast_6_month", Theme.DEMAND, "units", "the forecast of 6 months is {value:,.0f} units"
    ),
    _snapshot_feature(
        "forecast_9_month", Theme.DEMAND, "units", "the forecast of 9 months is {value:,.0f} units"
    ),
    _snapshot_feature("sales_1_month", Theme.DEMAND, "units", "{value:,.0f} units sold in a month"),
    _snapshot_feature(
        "sales_3_month", Theme.DEMAND, "units", "{value:,.0f} units sold in 3 months"
    ),
    _snapshot_feature(
        "sales_6_month", Theme.DEMAND, "units", "{value:,.0f} units sold in 6 months"
    ),
    _snapshot_feature(
        "sales_9_month", Theme.DEMAND, "units", "{value:,.0f} units sold in 9 months"
    ),
    _snapshot_feature(
        "min_bank", Theme.STOCK_COVER, "units", "the advised minimum is {value:,.0f} units"
    ),
    _snapshot_feature(
        "pieces_past_due",
        Theme.SUPPLIER_RELIABILITY,
        "units",
        "the source owes {value:,.0f} units that are overdue",
    ),
    _snapshot_feature(
        "perf_6_month_avg",
        Theme.SUPPLIER_RELIABILITY,
        "share",
        "the source performed at {value:.0%} over 6 months",
        "the source is not rated",
    ),
    _snapshot_feature(
        "perf_12_month_avg",
        Theme.SUPPLIER_RELIABILITY,
        "share",
        "the source performed at {value:.0%} over 12 months",
        "the source is not rated",
    ),
    _snapshot_feature(
        "local_bo_qty",
        Theme.STOCK_COVER,
        "units",
        "{value:,.0f} units of stock orders are overdue already",
    ),
    _snapshot_feature(
        "potential_issue", Theme.SUPPLIER_RELIABILITY, "", "source issue flagged: {value:.0f}"
    ),
    _snapshot_feature("deck_risk", Theme.ORDER, "", "deck risk flagged: {value:.0f}"),
    _snapshot_feature("oe_constraint", Theme.ORDER, "", "maker's constraint flagged: {value:.0f}"),
    _snapshot_feature("ppap_risk", Theme.ORDER, "", "part approval risk flagged: {value:.0f}"),
    _snapshot_feature("stop_auto_buy", Theme.ORDER, "", "automatic buying flag: {value:.0f}"),
    _snapshot_feature("rev_stop", Theme.ORDER, "", "revision stop flagged: {value:.0f}"),
)

DERIVED_FEATURES = (
    _derived_feature(
        "months_on_hand",
        Theme.STOCK_COVER,
        "months",
        "stock on hand covers {value:.1f} months of demand",
        lambda cases: ratio(cases.number("national_inv"), monthly_demand(cases)),
    ),
    _derived_feature(
        "months_supplied",
        Theme.STOCK_COVER,
        "months",
        "stock on hand and in transit cover {value:.1f} months of demand",
        lambda cases: ratio(available_supply(cases), monthly_demand(cases)),
    ),
    _derived_feature(
        "months_supplied_long",
        Theme.STOCK_COVER,
        "months",
        "stock on hand and in transit cover {value:.1f} months at the nine-month rate",
        lambda cases: ratio(available_supply(cases), nine_month_demand(cases)),
    ),
    _derived_feature(
        "balance_3_month",
        Theme.STOCK_COVER,
        "log units",
        "projected balance after the 3-month forecast (signed log): {value:.1f}",
        lambda cases: log_signed(projected_position(cases, "forecast_3_month")),
    ),
    _derived_feature(
        "balance_6_month",
        Theme.STOCK_COVER,
        "log units",
        "projected balance after the 6-month forecast (signed log): {value:.1f}",
        lambda cases: log_signed(projected_position(cases, "forecast_6_month")),
    ),
    _derived_feature(
        "balance_sales_1_month",
        Theme.STOCK_COVER,
        "log units",
        "stock on hand less a month's sales (signed log): {value:.1f}",
        lambda cases: log_signed(cases.number("national_inv") - cases.number("sales_1_month")),
    ),
    _derived_feature(
        "above_minimum",
        Theme.STOCK_COVER,
        "log units",
        "stock on hand less the advised minimum (signed log): {value:.1f}",
        lambda cases: log_signed(cases.number("national_inv") - cases.number("min_bank")),
    ),
    _derived_feature(
        "share_of_minimum",
        Theme.STOCK_COVER,
        "share",
        "stock on hand is {value:.0%} of the advised minimum",
        lambda cases: ratio(cases.number("national_inv"), cases.number("min_bank")),
    ),
    _derived_feature(
        "lead_time_balance",
        Theme.STOCK_COVER,
        "log units",
        "supply less demand over the lead time in weeks (signed log): {value:.1f}",
        lambda cases: log_signed(
            available_supply(cases) - monthly_demand(cases) * cases.number("lead_time") / 4.345
        ),
    ),
    _derived_feature(
        "sales_trend",
        Theme.DEMAND,
        "ratio",
        "the last month sold {value:.1f} times the rate of three months",
        lambda cases: ratio(cases.number("sales_1_month") * 3, cases.number("sales_3_month")),
    ),
    _derived_feature(
        "sales_long_trend",
        Theme.DEMAND,
        "ratio",
        "three months sold {value:.1f} times the rate of nine",
        lambda cases: ratio(cases.number("sales_3_month") * 3, cases.number("sales_9_month")),
    ),
    _derived_feature(
        "forecast_against_sales",
        Theme.DEMAND,
        "ratio",
        "the forecast is {value:.1f} times what three months sold",
        lambda cases: ratio(cases.number("forecast_3_month"), cases.number("sales_3_month")),
    ),
    _derived_feature(
        "forecast_front",
        Theme.DEMAND,
        "share",
        "{value:.0%} of the nine-month forecast falls into the first three",
        lambda cases: ratio(cases.number("forecast_3_month"), cases.number("forecast_9_month")),
    ),
    _derived_feature(
        "transit_share",
        Theme.STOCK_COVER,
        "share",
        "{value:.0%} of a month's demand is in transit",
        lambda cases: ratio(cases.number("in_transit_qty"), monthly_demand(cases)),
    ),
    _derived_feature(
        "past_due_share",
        Theme.SUPPLIER_RELIABILITY,
        "share",
        "{value:.0%} of a month's demand is overdue from the source",
        lambda cases: ratio(cases.number("pieces_past_due"), monthly_demand(cases)),
    ),
    _derived_feature(
        "performance_trend",
        Theme.SUPPLIER_RELIABILITY,
        "share",
        "the source's performance moved by {value:+.0%} against its year",
        lambda cases: cases.number("perf_6_month_avg") - cases.number("perf_12_month_avg"),
    ),
)

FEATURES: tuple[Feature, ...] = (*SNAPSHOT_FEATURES, *DERIVED_FEATURES)
