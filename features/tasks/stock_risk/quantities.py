"""Quantities behind the stock features: daily demand, receipts due, projected balance.

Every function takes cases and gives one number a case, missing where it cannot be said.
"""

from __future__ import annotations

import numpy as np

from data.contracts.purchase_orders import PROMISED_AT
from data.contracts.stock_levels import ON_HAND
from features.cases import Cases, Children, cached_with_cases
from features.feature import Floats, ratio
from features.tasks.stock_risk.shape import QUANTITY_OPEN

ONE_DAY = np.timedelta64(1, "D")
UNBOUNDED_DAYS = 10**6  # days: a promise beyond is none, such as the end of the year 9999


@cached_with_cases
def stock_on_hand(cases: Cases) -> Floats:
    """Stock on hand, counting what is owed as nothing."""
    return np.maximum(cases.number(ON_HAND), 0.0)


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
    """Open quantity promised up to the end of the horizon, overdue lines included."""
    return _quantity_due(cases, -UNBOUNDED_DAYS, horizon_days)


def quantity_due_after(cases: Cases, horizon_days: int) -> Floats:
    """Open quantity promised after the horizon: no cover."""
    return _quantity_due(cases, horizon_days, UNBOUNDED_DAYS)


def overdue_quantity(cases: Cases) -> Floats:
    """Open quantity whose promise has passed."""
    return _quantity_due(cases, -UNBOUNDED_DAYS, 0)


def days_to_next_receipt(cases: Cases) -> Floats:
    """Days to the earliest promise still ahead; missing where nothing is promised."""
    lines, wait = _scheduled_lines(cases)
    ahead = wait > 0
    nearest = np.full(len(cases), np.inf)
    np.minimum.at(nearest, lines.row[ahead], wait[ahead])
    return np.where(np.isfinite(nearest), nearest, np.nan)


def projected_balance(cases: Cases, horizon_days: int, window: int) -> Floats:
    """On hand plus receipts due inside the horizon less expected demand over it."""
    expected = horizon_days * daily_demand(cases, window)
    return stock_on_hand(cases) + quantity_due_within(cases, horizon_days) - expected


def zero_share(cases: Cases, entity: str, span: str) -> Floats:
    """Share of an entity's stock reports that showed nothing on hand."""
    zero = cases.past(f"{entity}_reports_zero_{span}")
    return ratio(zero, cases.past(f"{entity}_reports_events_{span}"))


def relative_change(recent: Floats, usual: Floats) -> Floats:
    """Recent against usual as (recent - usual) / (recent + usual): -1 stopped, 1 is new."""
    return ratio(recent - usual, recent + usual)


@cached_with_cases
def _quantity_due(cases: Cases, after: float, until: float) -> Floats:
    """Sum the open quantity promised in (asked + after, asked + until]; both are in days."""
    lines, wait = _scheduled_lines(cases)
    inside = (wait > after) & (wait <= until)
    return lines.sum_of(np.where(inside, lines.columns[QUANTITY_OPEN], 0.0))


@cached_with_cases
def _scheduled_lines(cases: Cases) -> tuple[Children, Floats]:
    """Return the scheduled receipts, and the days until each is promised."""
    lines = cases.children["scheduled_receipts"]
    wait = lines.columns[PROMISED_AT] - cases.asked_at[lines.row]
    return lines, np.where(np.isnat(wait), np.nan, wait / ONE_DAY)
