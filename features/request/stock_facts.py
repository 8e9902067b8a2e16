"""What the features of stock are made of: rates of demand, cover, receipts on their way.

Every function takes cases and gives one number a case, missing where it cannot be said.
"""

from __future__ import annotations

import numpy as np

from data.contracts.purchase_orders import PROMISED_AT
from data.contracts.stock_levels import ON_HAND
from features.cases import Cases, Children, kept
from features.feature import Floats, ratio
from features.request.shapes import QUANTITY_OPEN

DAY = np.timedelta64(1, "D")
FAR = 10**6  # days: a promise beyond is none, such as the end of the year 9999


@kept
def on_hand(cases: Cases) -> Floats:
    """Stock on hand, counting what is owed as nothing."""
    return np.maximum(cases.number(ON_HAND), 0.0)


@kept
def demand(cases: Cases, window: int, entity: str = "site_item") -> Floats:
    """Issued a day over the last `window` days."""
    return cases.past(f"{entity}_issues_quantity_{window}d") / window


@kept
def demand_deviation(cases: Cases, window: int) -> Floats:
    """Standard deviation of a day's demand, days without demand included."""
    mean = demand(cases, window)
    square = cases.past(f"site_item_issues_quantity_sq_{window}d") / window
    return np.sqrt(np.maximum(square - mean * mean, 0.0))


def due_inside(cases: Cases, horizon_days: int) -> Floats:
    """Open quantity promised up to the end of the horizon, overdue lines included."""
    return _due(cases, -FAR, horizon_days)


def due_outside(cases: Cases, horizon_days: int) -> Floats:
    """Open quantity promised after the horizon: no cover."""
    return _due(cases, horizon_days, FAR)


def overdue(cases: Cases) -> Floats:
    """Open quantity whose promise has passed."""
    return _due(cases, -FAR, 0)


def days_to_next_receipt(cases: Cases) -> Floats:
    """Days to the earliest promise still ahead; missing where nothing is promised."""
    lines, wait = _waiting(cases)
    ahead = wait > 0
    nearest = np.full(len(cases), np.inf)
    np.minimum.at(nearest, lines.row[ahead], wait[ahead])
    return np.where(np.isfinite(nearest), nearest, np.nan)


def projected(cases: Cases, horizon_days: int, window: int) -> Floats:
    """On hand plus receipts due inside the horizon less expected demand over it."""
    expected = horizon_days * demand(cases, window)
    return on_hand(cases) + due_inside(cases, horizon_days) - expected


def zero_share(cases: Cases, entity: str, span: str) -> Floats:
    """Share of an entity's stock reports that showed nothing on hand."""
    zero = cases.past(f"{entity}_reports_zero_{span}")
    return ratio(zero, cases.past(f"{entity}_reports_events_{span}"))


def change(recent: Floats, usual: Floats) -> Floats:
    """Recent against usual as (recent - usual) / (recent + usual): -1 stopped, 1 is new."""
    return ratio(recent - usual, recent + usual)


@kept
def _due(cases: Cases, after: float, until: float) -> Floats:
    """Open quantity promised in (asked + after, asked + until]. after, until: days."""
    lines, wait = _waiting(cases)
    inside = (wait > after) & (wait <= until)
    return lines.sum_of(np.where(inside, lines.columns[QUANTITY_OPEN], 0.0))


@kept
def _waiting(cases: Cases) -> tuple[Children, Floats]:
    """Lines on their way, and the days until each is promised."""
    lines = cases.children["scheduled_receipts"]
    wait = lines.columns[PROMISED_AT] - cases.asked_at[lines.row]
    return lines, np.where(np.isnat(wait), np.nan, wait / DAY)
