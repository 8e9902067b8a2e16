"""Quantities behind the stock features: daily demand, receipts due, projected balances.

Every function takes cases and gives one number a case, missing where it cannot be said. Days are
those of the site: a promise is a day there, and a horizon holds its last day.
"""

from __future__ import annotations

import numpy as np

from data.calendar_days import days_from_to, local_days, promise_days
from data.contracts.purchase_orders import LINE_STATE, PROMISED_AT, LineState
from data.contracts.sites import TIME_ZONE
from data.contracts.stock_levels import AVERAGE_DEMAND, BACKORDERED, ON_HAND
from data.free_stock import free_stocks
from features.builders.case_features import is_one_of, round_six_decimals
from features.cases import Cases, Children, cached_with_cases, or_zero
from features.feature import Floats, ratio
from features.tasks.stock_risk.shape import QUANTITY_OPEN

NO_PROMISE_DAYS = 10**6  # days: a promise beyond is none, such as the end of the year 9999
NO_COVER = (LineState.CANCELLED, LineState.CLOSED_SHORT)  # nothing more comes on such lines


@cached_with_cases
def stock_on_hand(cases: Cases) -> Floats:
    """Stock on hand, a negative one counted as nothing."""
    return np.maximum(cases.number(ON_HAND), 0.0)


@cached_with_cases
def stock_free(cases: Cases) -> Floats:
    """Stock on hand less what customers are owed; negative where they are owed more."""
    return free_stocks(cases.number(ON_HAND), cases.number(BACKORDERED))


def stock_to_serve_from(cases: Cases) -> Floats:
    """Free stock, a negative one counted as nothing."""
    return np.asarray(np.maximum(stock_free(cases), 0.0), dtype=np.float64)


@cached_with_cases
def daily_demand(cases: Cases, window: int, entity: str = "site_item") -> Floats:
    """Issued a day over the last `window` days."""
    return cases.past(f"{entity}_issues_quantity_{window}d") / window


@cached_with_cases
def daily_demand_deviation(cases: Cases, window: int) -> Floats:
    """Standard deviation of a day's demand, days without demand included."""
    mean = daily_demand(cases, window)
    square = cases.past(f"site_item_issues_quantity_sq_{window}d") / window
    return np.sqrt(np.maximum(square - mean * mean, 0.0))


def quantity_due_within(cases: Cases, horizon_days: int) -> Floats:
    """Open quantity promised for today or for a day of the horizon, its last day included."""
    return _quantity_due(cases, 0, horizon_days)


def quantity_due_after(cases: Cases, horizon_days: int) -> Floats:
    """Open quantity promised for a day after the horizon: no cover."""
    return _quantity_due(cases, horizon_days + 1, NO_PROMISE_DAYS)


def overdue_quantity(cases: Cases) -> Floats:
    """Open quantity whose promised day is over: no cover until there is a new day."""
    return _quantity_due(cases, -NO_PROMISE_DAYS, -1)


def days_to_next_receipt(cases: Cases) -> Floats:
    """Days to the earliest promise that is not overdue; missing where there is none."""
    lines, wait = _scheduled_lines(cases)
    ahead = (wait >= 0) & (wait <= NO_PROMISE_DAYS) & (lines.columns[QUANTITY_OPEN] > 0)
    nearest = np.full(len(cases), np.inf)
    np.minimum.at(nearest, lines.row[ahead], wait[ahead])
    return np.where(np.isfinite(nearest), nearest, np.nan)


@cached_with_cases
def projected_balances(cases: Cases, horizon_days: int, window: int) -> Floats:
    """Free stock, plus what is due by each day, less expected demand.

    Returns:
        A row a case and a column a day: today first, the last day of the horizon last. A day's
        receipts count on that day, its demand from tomorrow on.
    """
    return _balances(cases, horizon_days, daily_demand(cases, window))


def projected_balance(cases: Cases, horizon_days: int, window: int) -> Floats:
    """Projected balance on the last day of the horizon."""
    return projected_balances(cases, horizon_days, window)[:, -1]


def lowest_balance(cases: Cases, horizon_days: int, window: int) -> Floats:
    """Lowest projected balance of any day up to the last of the horizon."""
    return np.asarray(projected_balances(cases, horizon_days, window).min(axis=1))


def first_dry_day(cases: Cases, horizon_days: int, window: int) -> Floats:
    """Days to the first on which the projected balance is below zero; missing without one."""
    below = projected_balances(cases, horizon_days, window) < 0
    return np.where(below.any(axis=1), below.argmax(axis=1), np.nan)


def quantity_at_stake(cases: Cases, horizon_days: int) -> Floats:
    """Most that is short on a day, now or within the horizon, at the stated average demand.

    Where nothing is short: what would be without the scheduled receipts. Missing where the demand
    is not stated, unless customers are owed more than there is.
    """
    demand, free = cases.number(AVERAGE_DEMAND), stock_free(cases)
    balances = _balances(cases, horizon_days, demand)
    short = (balances[:, 1:] < 0).any(axis=1)
    most = np.fmax(np.where(short, -balances.min(axis=1), 0.0), np.maximum(-free, 0.0))
    uncovered = np.maximum(horizon_days * demand - free, 0.0)
    known = ~np.isnan(demand) | (most > 0)
    return np.where(known, np.where(short | (free <= 0), most, uncovered), np.nan)


def zero_share(cases: Cases, entity: str, span: str) -> Floats:
    """Share of an entity's stock reports that showed nothing on hand."""
    zero = cases.past(f"{entity}_reports_zero_{span}")
    return ratio(zero, cases.past(f"{entity}_reports_events_{span}"))


def relative_change(recent: Floats, usual: Floats) -> Floats:
    """Recent against usual as (recent - usual) / (recent + usual): -1 stopped, 1 is new."""
    return ratio(recent - usual, recent + usual)


def _balances(cases: Cases, horizon_days: int, demand: Floats) -> Floats:
    """Balance of each case by day, see `projected_balances`; demand: of each case, a day."""
    lines, wait = _scheduled_lines(cases)
    days = horizon_days + 1
    inside = (wait >= 0) & (wait <= horizon_days)
    place = lines.row[inside] * days + wait[inside].astype(np.int64)
    due = or_zero(lines.columns[QUANTITY_OPEN][inside])
    by_day = np.bincount(place, due, len(cases) * days).reshape(len(cases), days)
    demanded = demand[:, None] * np.arange(days)
    return round_six_decimals(stock_free(cases)[:, None] + by_day.cumsum(axis=1) - demanded)


@cached_with_cases
def _quantity_due(cases: Cases, first: int, last: int) -> Floats:
    """Sum the open quantity promised for the days from `first` to `last`, counted from today."""
    lines, wait = _scheduled_lines(cases)
    inside = (wait >= first) & (wait <= last)
    return lines.sum_of(np.where(inside, lines.columns[QUANTITY_OPEN], 0.0))


@cached_with_cases
def _scheduled_lines(cases: Cases) -> tuple[Children, Floats]:
    """Return the receipts still to come, and the days at the site until each is promised."""
    lines = cases.children["scheduled_receipts"]
    lines = lines.where(~is_one_of(lines.columns[LINE_STATE], NO_COVER))
    zones = cases.text(TIME_ZONE)
    today = local_days(cases.asked_at, zones)
    promised = promise_days(lines.columns[PROMISED_AT], lines.spread(zones))
    return lines, days_from_to(lines.spread(today), promised)
