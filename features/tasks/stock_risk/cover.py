"""Stock cover: how long stock on hand and scheduled receipts will last."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from data.contracts.stock_levels import (
    AVERAGE_DEMAND,
    BACKORDERED,
    ON_HAND,
    ON_ORDER,
    QUANTITY_REQUESTED,
    REORDER_POINT,
    SAFETY_STOCK,
)
from features.builders.case_features import flag_or_missing, number_feature
from features.cases import Cases, or_zero
from features.feature import Feature, Floats, Theme, ratio
from features.tasks.stock_risk.quantities import (
    daily_demand,
    daily_demand_deviation,
    days_to_next_receipt,
    first_dry_day,
    lowest_balance,
    overdue_quantity,
    projected_balance,
    quantity_due_after,
    quantity_due_within,
    stock_free,
    stock_on_hand,
    stock_to_serve_from,
)

UNITS = "base units"
NO_DEMAND = "nothing was issued in that time"
NO_LEVEL = "the site's system keeps no such level"


def cover_features(horizon_days: int) -> tuple[Feature, ...]:
    """Features of cover; those that look ahead look `horizon_days` ahead."""
    return (
        *STOCK_FEATURES,
        *map(_days_of_supply, (28, 84, 175, 364)),
        *_horizon_features(horizon_days),
    )


def _feature(
    name: str, unit: str, missing: str, sentence: str, compute: Callable[[Cases], Floats]
) -> Feature:
    return Feature(name, Theme.STOCK_COVER, unit, missing, sentence, compute)


def _days_of_supply(window: int) -> Feature:
    return _feature(
        f"days_of_supply_{window}d",
        "days",
        NO_DEMAND,
        f"free stock lasts {{value:count day|days}} at the demand of the last {window} days",
        lambda cases: ratio(stock_to_serve_from(cases), daily_demand(cases, window)),
    )


def _is_out_of_stock(cases: Cases) -> Floats:
    level = cases.number(ON_HAND)
    return flag_or_missing(level <= 0, ~np.isnan(level))


def _position_to_reorder_point(cases: Cases) -> Floats:
    ordered = or_zero(cases.number(ON_ORDER))
    return ratio(stock_free(cases) + ordered, cases.number(REORDER_POINT))


def _share_of_on_hand(name: str) -> Callable[[Cases], Floats]:
    return lambda cases: ratio(stock_on_hand(cases), cases.number(name))


STOCK_FEATURES = (
    number_feature(ON_HAND, Theme.STOCK_COVER, UNITS, "{value:count unit|units} on hand"),
    _feature(
        "is_out",
        "yes or no",
        "stock on hand not stated",
        "{value:either nothing is on hand now|there is stock on hand now}",
        _is_out_of_stock,
    ),
    number_feature(
        ON_ORDER, Theme.STOCK_COVER, UNITS, "{value:count unit|units} ordered and not received"
    ),
    number_feature(
        BACKORDERED, Theme.STOCK_COVER, UNITS, "{value:count unit|units} backordered by customers"
    ),
    _feature(
        "on_hand_to_reorder_point",
        "ratio",
        NO_LEVEL,
        "on hand is {value:.2f} times the reorder point",
        _share_of_on_hand(REORDER_POINT),
    ),
    _feature(
        "on_hand_to_safety_stock",
        "ratio",
        NO_LEVEL,
        "on hand is {value:.2f} times the safety stock",
        _share_of_on_hand(SAFETY_STOCK),
    ),
    _feature(
        "position_to_reorder_point",
        "ratio",
        NO_LEVEL,
        "free stock and what is on order are {value:.2f} times the reorder point",
        _position_to_reorder_point,
    ),
    _feature(
        "days_of_supply_own",
        "days",
        "the site's system states no average demand",
        "free stock lasts {value:count day|days} at the average that the site's own system keeps",
        lambda cases: ratio(stock_to_serve_from(cases), cases.number(AVERAGE_DEMAND)),
    ),
    number_feature(
        QUANTITY_REQUESTED,
        Theme.STOCK_COVER,
        UNITS,
        "{value:count unit|units} asked for with this report",
    ),
    _feature(
        "requested_days",
        "days",
        "nothing was asked for, or nothing was issued in 84 days",
        "the quantity asked for is {value:count day|days} of demand",
        lambda cases: ratio(cases.number(QUANTITY_REQUESTED), daily_demand(cases, 84)),
    ),
    _feature(
        "overdue_quantity",
        UNITS,
        "never missing: nothing is overdue is 0",
        "{value:count unit|units} overdue: no cover until there is a new date",
        overdue_quantity,
    ),
    _feature(
        "days_to_next_receipt",
        "days",
        "nothing is promised for later",
        "the next promised receipt is due {value:days ahead|ago|today}",
        days_to_next_receipt,
    ),
    _feature(
        "dry_days_before_receipt",
        "days",
        "nothing is promised for later, or nothing was issued in 84 days",
        "the next promised receipt comes {value:days after|before|on the day that} stock runs out",
        lambda cases: (
            days_to_next_receipt(cases) - ratio(stock_to_serve_from(cases), daily_demand(cases, 84))
        ),
    ),
)


def _cover_days(cases: Cases, horizon_days: int) -> Floats:
    return ratio(projected_balance(cases, horizon_days, 84), daily_demand(cases, 84))


def _cover_deviations(cases: Cases, horizon_days: int) -> Floats:
    spread = daily_demand_deviation(cases, 364) * np.sqrt(float(horizon_days))
    return ratio(projected_balance(cases, horizon_days, 364), spread)


def _share_due_after_horizon(cases: Cases, horizon_days: int) -> Floats:
    late, soon = quantity_due_after(cases, horizon_days), quantity_due_within(cases, horizon_days)
    return ratio(late, late + soon)


def _horizon_features(horizon_days: int) -> tuple[Feature, ...]:
    ahead = f"the next {horizon_days} days"
    return (
        _feature(
            "due_inside_horizon",
            UNITS,
            "never missing: nothing due is 0",
            f"{{value:count unit|units}} on order due in {ahead}",
            partial(quantity_due_within, horizon_days=horizon_days),
        ),
        _feature(
            "due_outside_horizon",
            UNITS,
            "never missing: nothing due is 0",
            f"{{value:count unit|units}} on order due only after {ahead}: no cover",
            partial(quantity_due_after, horizon_days=horizon_days),
        ),
        _feature(
            "due_outside_share",
            "share",
            "nothing with a promise is on order",
            f"{{value:.0%}} of what is on order is due only after {ahead}",
            partial(_share_due_after_horizon, horizon_days=horizon_days),
        ),
        _feature(
            "projected_balance",
            UNITS,
            "no past demand known",
            f"projected balance after {ahead}: {{value:count unit|units}}",
            partial(projected_balance, horizon_days=horizon_days, window=84),
        ),
        _feature(
            "lowest_balance",
            UNITS,
            "no past demand known",
            f"lowest projected balance in {ahead}: {{value:count unit|units}}",
            partial(lowest_balance, horizon_days=horizon_days, window=84),
        ),
        _feature(
            "first_dry_day",
            "days",
            f"the projected balance stays at or above zero in {ahead}, or no past demand known",
            "the projected balance is first below zero {value:days from now|ago|today}",
            partial(first_dry_day, horizon_days=horizon_days, window=84),
        ),
        _feature(
            "projected_cover_days",
            "days",
            NO_DEMAND,
            f"projected balance after {ahead} is {{value:count day|days}} of demand",
            partial(_cover_days, horizon_days=horizon_days),
        ),
        _feature(
            "projected_cover_deviations",
            "standard deviations",
            "demand of the last year is none or constant",
            f"projected balance after {ahead} is {{value:+.1f}} standard deviations of demand",
            partial(_cover_deviations, horizon_days=horizon_days),
        ),
    )
