"""Features of the order line itself: lead time, size, terms and categories."""

import numpy as np

from data.calendar_days import days_from_to
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
    QUANTITY_ORDERED,
    REQUESTED_AT,
    TRANSPORT_MODE,
)
from data.contracts.sites import SITE_ID
from data.contracts.suppliers import SUPPLIER_ID
from features.builders.case_features import (
    YEAR_DAYS,
    calendar_feature,
    category_feature,
    day_of_month,
    month,
    number_feature,
    weekday,
)
from features.cases import Cases
from features.feature import Feature, Floats, Theme, ratio
from features.tasks.supplier_delay.days import (
    announced_day,
    asked_day,
    ordered_day,
    promised_day,
)

NO_PROMISE = "no promised date"
NO_DATES = "order date or promised date not stated"
NO_LEAD = "order date or promised date not stated, or promised for the day of the order"


def promised_lead_days(cases: Cases) -> Floats:
    """Days from order to promise."""
    return days_from_to(ordered_day(cases), promised_day(cases))


def order_age_days(cases: Cases) -> Floats:
    """Days from order to ask."""
    return days_from_to(ordered_day(cases), asked_day(cases))


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


TIMING_FEATURES = (
    Feature(
        "days_to_promise",
        Theme.TIMING,
        "days",
        NO_PROMISE,
        "the promised day is {value:days ahead|ago|today}",
        lambda cases: days_from_to(asked_day(cases), promised_day(cases)),
    ),
    Feature(
        "promised_lead_days",
        Theme.TIMING,
        "days",
        NO_DATES,
        "promised for {value:days after|before|the day of} the order",
        promised_lead_days,
    ),
    Feature(
        "days_since_order",
        Theme.TIMING,
        "days",
        "order date not stated",
        "ordered {value:days ago|ahead|today}",
        order_age_days,
    ),
    Feature(
        "elapsed_share",
        Theme.TIMING,
        "share",
        NO_LEAD,
        "{value:.0%} of the promised lead time is over",
        lambda cases: ratio(order_age_days(cases), promised_lead_days(cases)),
    ),
    Feature(
        "request_gap_days",
        Theme.TIMING,
        "days",
        "no requested or no promised date",
        "promised {value:days after|before|for} the day that was asked for",
        lambda cases: days_from_to(
            announced_day(cases, cases.moment(REQUESTED_AT)), promised_day(cases)
        ),
    ),
    calendar_feature(
        "promise_weekday",
        weekday,
        promised_day,
        "promised for a {value:weekday}",
    ),
    calendar_feature(
        "promise_month",
        month,
        promised_day,
        "promised for {value:month}",
        cycle_days=YEAR_DAYS,
    ),
    calendar_feature(
        "promise_day_of_month",
        day_of_month,
        promised_day,
        "promised for day {value:.0f} of the month",
    ),
    calendar_feature(
        "promise_season",
        lambda moment: np.cos(2.0 * np.pi * (month(moment) - 1.0) / 12.0),
        promised_day,
        "season of the promise: {value:.2f} (1 is January, -1 is July)",
        cycle_days=YEAR_DAYS,
    ),
)
SIZE_FEATURES = (
    number_feature(
        QUANTITY_ORDERED, Theme.ORDER, "base units", "{value:count base unit|base units} ordered"
    ),
    number_feature(LINE_VALUE, Theme.ORDER, "currency", "the line is worth {value:,.2f}"),
    number_feature(
        PO_UNIT_PRICE, Theme.ORDER, "currency", "the agreed price is {value:,.4f} a base unit"
    ),
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
CATEGORY_FEATURES = (
    category_feature(SUPPLIER_ID, Theme.SUPPLIER_RELIABILITY, "supplier"),
    category_feature(SITE_ID, Theme.SITE_HABIT, "site"),
    category_feature(CATEGORY, Theme.ORDER, "category"),
    category_feature(SUBCATEGORY, Theme.ORDER, "subcategory"),
    category_feature(CHANNEL, Theme.ORDER, "channel"),
    category_feature(INCOTERM, Theme.ORDER, "delivery term"),
    category_feature(TRANSPORT_MODE, Theme.ORDER, "mode of transport"),
    category_feature(ORDER_TYPE, Theme.ORDER, "kind of order"),
    category_feature(LINE_TYPE, Theme.ORDER, "kind of line"),
    category_feature(ORIGIN, Theme.ORDER, "origin"),
    category_feature(MANAGED_BY, Theme.ORDER, "managing office"),
)
FEATURES = (*TIMING_FEATURES, *SIZE_FEATURES, *CATEGORY_FEATURES)
