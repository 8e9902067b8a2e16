"""Demand: level, regularity, trend and season."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from data.contracts.stock_levels import AVERAGE_DEMAND
from features.cases import Cases
from features.feature import Feature, Floats, Theme, ratio
from features.history.stock import YEAR_AGO_WINDOW
from features.tasks.stock_risk.quantities import (
    daily_demand,
    daily_demand_deviation,
    relative_change,
    zero_share,
)

YEAR = 364
RATE = "base units a day"
NO_PAST = "this site never issued the item"
NO_DEMAND = "nothing was issued in that time"
NO_ORDERS = "no customer's order line in that time"


def _feature(
    name: str, unit: str, missing: str, sentence: str, compute: Callable[[Cases], Floats]
) -> Feature:
    return Feature(name, Theme.DEMAND, unit, missing, sentence, compute)


def _rate(window: int) -> Feature:
    return _feature(
        f"demand_{window}d",
        RATE,
        NO_PAST,
        f"{{value:,.2f}} units a day were issued in the last {window} days",
        lambda cases: daily_demand(cases, window),
    )


def _while_in_stock(cases: Cases) -> Floats:
    stocked = 1.0 - zero_share(cases, "site_item", "84d")
    return ratio(daily_demand(cases, 84), stocked)


def _variation(window: int) -> Feature:
    return _feature(
        f"demand_variation_{window}d",
        "ratio",
        NO_DEMAND,
        f"daily demand varies by {{value:.1f}} times its mean (last {window} days)",
        lambda cases: ratio(daily_demand_deviation(cases, window), daily_demand(cases, window)),
    )


def _size_variation(cases: Cases) -> Floats:
    days = cases.past("site_item_issues_events_364d")
    mean = ratio(cases.past("site_item_issues_quantity_364d"), days)
    square = ratio(cases.past("site_item_issues_quantity_sq_364d"), days)
    return ratio(np.sqrt(np.maximum(square - mean * mean, 0.0)), mean)


def _days_with_demand(window: int) -> Feature:
    return _feature(
        f"days_with_demand_{window}d",
        "share",
        NO_PAST,
        f"{{value:.0%}} of the last {window} days had demand",
        lambda cases: cases.past(f"site_item_issues_events_{window}d") / window,
    )


def _trend(recent: int, usual: int) -> Feature:
    return _feature(
        f"demand_trend_{recent}d_{usual}d",
        "change from -1 to 1",
        NO_DEMAND,
        f"demand of the last {recent} days against {usual}: {{value:+.2f}} (-1 stopped, 1 new)",
        lambda cases: relative_change(daily_demand(cases, recent), daily_demand(cases, usual)),
    )


def _season_ratio(cases: Cases) -> Floats:
    """Demand a day in the six weeks after this day a year ago, over the year's average."""
    weeks = YEAR - YEAR_AGO_WINDOW
    then = _six_weeks_a_year_ago(cases, "site_item_issues_quantity") / weeks
    looked = _six_weeks_a_year_ago(cases, "site_item_reports_events") > 0
    return np.where(looked, ratio(then, daily_demand(cases, YEAR)), np.nan)


def _six_weeks_a_year_ago(cases: Cases, measure: str) -> Floats:
    return cases.past(f"{measure}_{YEAR}d") - cases.past(f"{measure}_{YEAR_AGO_WINDOW}d")


def _last_issue_to_mean(cases: Cases) -> Floats:
    mean = ratio(
        cases.past("site_item_issues_quantity_364d"), cases.past("site_item_issues_events_364d")
    )
    return ratio(cases.past("site_item_issues_quantity_last"), mean)


def _short_share(window: int) -> Feature:
    def compute(cases: Cases) -> Floats:
        short = cases.past(f"site_item_orders_short_{window}d")
        return ratio(short, cases.past(f"site_item_orders_demanded_{window}d"))

    return _feature(
        f"short_share_{window}d",
        "share",
        NO_ORDERS,
        f"{{value:.0%}} of what customers asked for in the last {window} days was short",
        compute,
    )


DEMAND_FEATURES = (
    *map(_rate, (7, 28, 84, 364)),
    _feature(
        "demand_in_stock_84d",
        RATE,
        "no report of stock in 84 days, or none above zero",
        "{value:,.2f} units a day were issued while there was stock (last 84 days)",
        _while_in_stock,
    ),
    *map(_variation, (84, 364)),
    _feature(
        "demand_size_variation",
        "ratio",
        NO_DEMAND,
        "a day's issue varies by {value:.1f} times its mean (last 364 days)",
        _size_variation,
    ),
    *map(_days_with_demand, (28, 84, 364)),
    _trend(14, 84),
    _trend(28, 84),
    _trend(28, 364),
    _trend(84, 364),
    _feature(
        "season",
        "ratio",
        "no report of stock a year ago",
        "demand in these weeks was {value:.1f} times the average a year ago",
        _season_ratio,
    ),
    _feature(
        "last_issue_to_mean",
        "ratio",
        NO_PAST,
        "the last day's issue was {value:.1f} times the usual one",
        _last_issue_to_mean,
    ),
    _feature(
        "days_since_issue",
        "days",
        NO_PAST,
        "last issued {value:days ago|ahead|today}",
        lambda cases: cases.past("site_item_issues_days_since"),
    ),
    _feature(
        "own_average_to_demand",
        "ratio",
        "the site's system states no average demand, or nothing was issued in 84 days",
        "the site's own average is {value:.1f} times the demand of the last 84 days",
        lambda cases: ratio(cases.number(AVERAGE_DEMAND), daily_demand(cases, 84)),
    ),
    *map(_short_share, (28, 84, 364)),
)
