"""What an order line itself says about whether it will be late."""

import numpy as np

from data.contracts.items import CATEGORY, SUBCATEGORY
from data.contracts.purchase_orders import (
    CHANNEL,
    INCOTERM,
    LINE_TYPE,
    LINE_VALUE,
    MANAGED_BY,
    ORDER_TYPE,
    ORIGIN,
    PO_UNIT_PRICE,
    PROMISED_AT,
    QUANTITY_ORDERED,
    REQUESTED_AT,
    TRANSPORT_MODE,
)
from data.contracts.sites import SITE_ID
from data.contracts.suppliers import SUPPLIER_ID
from features.cases import Cases
from features.feature import Feature, Floats, Theme, days_between, ratio
from features.request.facts import calendar, category, day_of_month, month, number, weekday
from features.request.shapes import ORDERED_AT

NO_PROMISE = "no promised date"
NO_DATES = "order date or promised date not stated"


def promised_lead(cases: Cases) -> Floats:
    """Days from order to promise."""
    return days_between(cases.moment(ORDERED_AT), cases.moment(PROMISED_AT))


def age(cases: Cases) -> Floats:
    """Days from order to ask."""
    return days_between(cases.moment(ORDERED_AT), cases.asked_at)


def quantity_against_usual(cases: Cases) -> Floats:
    """Ordered quantity over the mean of the supplier's lines of this item."""
    lines = cases.past("supplier_item_orders_lines_364d")
    usual = ratio(cases.past("supplier_item_orders_quantity_364d"), lines)
    return ratio(cases.number(QUANTITY_ORDERED), usual)


def value_against_usual(cases: Cases) -> Floats:
    """Line value over the mean of the supplier's lines."""
    lines = cases.past("supplier_orders_lines_364d")
    usual = ratio(cases.past("supplier_orders_value_364d"), lines)
    return ratio(cases.number(LINE_VALUE), usual)


TIMING = (
    Feature(
        "days_to_promise",
        Theme.TIMING,
        "days",
        NO_PROMISE,
        "{value:.0f} days to the promised day (below 0: it has passed)",
        lambda cases: days_between(cases.asked_at, cases.moment(PROMISED_AT)),
    ),
    Feature(
        "promised_lead_days",
        Theme.TIMING,
        "days",
        NO_DATES,
        "promised within {value:.0f} days of the order",
        promised_lead,
    ),
    Feature(
        "days_since_order",
        Theme.TIMING,
        "days",
        "order date not stated",
        "ordered {value:.0f} days ago",
        age,
    ),
    Feature(
        "elapsed_share",
        Theme.TIMING,
        "share",
        NO_DATES,
        "{value:.0%} of the promised lead time is over",
        lambda cases: ratio(age(cases), promised_lead(cases)),
    ),
    Feature(
        "request_gap_days",
        Theme.TIMING,
        "days",
        "no requested or no promised date",
        "promised {value:+.0f} days from the day that was asked for",
        lambda cases: days_between(cases.moment(REQUESTED_AT), cases.moment(PROMISED_AT)),
    ),
    calendar(
        "promise_weekday",
        weekday,
        lambda cases: cases.moment(PROMISED_AT),
        "promised for day {value:.0f} of the week (1 is Monday)",
    ),
    calendar(
        "promise_month",
        month,
        lambda cases: cases.moment(PROMISED_AT),
        "promised for month {value:.0f} of the year",
    ),
    calendar(
        "promise_day_of_month",
        day_of_month,
        lambda cases: cases.moment(PROMISED_AT),
        "promised for day {value:.0f} of the month",
    ),
    calendar(
        "promise_season",
        lambda moment: np.cos(2.0 * np.pi * (month(moment) - 1.0) / 12.0),
        lambda cases: cases.moment(PROMISED_AT),
        "season of the promise: {value:.2f} (1 is January, -1 is July)",
    ),
)
SIZE = (
    number(QUANTITY_ORDERED, Theme.ORDER, "base units", "{value:,.0f} base units ordered"),
    number(LINE_VALUE, Theme.ORDER, "currency", "the line is worth {value:,.2f}"),
    number(PO_UNIT_PRICE, Theme.ORDER, "currency", "the agreed price is {value:,.4f} a base unit"),
    Feature(
        "quantity_vs_usual",
        Theme.ORDER,
        "ratio",
        "this supplier had no line of this item in the last 364 days",
        "the quantity is {value:.1f} times what is usually ordered of it from this supplier",
        quantity_against_usual,
    ),
    Feature(
        "value_vs_usual",
        Theme.ORDER,
        "ratio",
        "this supplier had no line with a value in the last 364 days",
        "the value is {value:.1f} times that of a usual line from this supplier",
        value_against_usual,
    ),
)
KINDS = (
    category(SUPPLIER_ID, Theme.SUPPLIER_RELIABILITY, "supplier"),
    category(SITE_ID, Theme.SITE_HABIT, "site"),
    category(CATEGORY, Theme.ORDER, "category"),
    category(SUBCATEGORY, Theme.ORDER, "subcategory"),
    category(CHANNEL, Theme.ORDER, "channel"),
    category(INCOTERM, Theme.ORDER, "delivery term"),
    category(TRANSPORT_MODE, Theme.ORDER, "mode of transport"),
    category(ORDER_TYPE, Theme.ORDER, "kind of order"),
    category(LINE_TYPE, Theme.ORDER, "kind of line"),
    category(ORIGIN, Theme.ORDER, "origin"),
    category(MANAGED_BY, Theme.ORDER, "managing office"),
)
FEATURES = (*TIMING, *SIZE, *KINDS)
