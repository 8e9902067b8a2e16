"""Days of an order line at its site: promised, ordered, asked about, and those of its messages.

A promise, a request and an announced arrival are calendar days at the site; a moment belongs to
the day that the site's clocks showed. See `data.calendar_days`.
"""

from __future__ import annotations

import numpy as np

from data.calendar_days import Days, Moments, days_from_to, local_days, promise_days
from data.contracts.purchase_orders import PROMISED_AT
from data.contracts.sites import TIME_ZONE
from features.builders.order_documents import ORDERED_AT
from features.cases import Cases, cached_with_cases
from features.feature import Floats


@cached_with_cases
def promised_day(cases: Cases) -> Days:
    """Day of the promise; NaT without one."""
    return announced_day(cases, cases.moment(PROMISED_AT))


@cached_with_cases
def ordered_day(cases: Cases) -> Days:
    """Day on which the line was ordered; NaT where that is not stated."""
    return local_days(cases.moment(ORDERED_AT), cases.text(TIME_ZONE))


@cached_with_cases
def asked_day(cases: Cases) -> Days:
    """Day of the ask."""
    return local_days(cases.asked_at, cases.text(TIME_ZONE))


def announced_day(cases: Cases, announced: Moments) -> Days:
    """Day for which something was announced; a midnight UTC stands for that calendar day."""
    return promise_days(announced, cases.text(TIME_ZONE))


def days_since(cases: Cases, moments: Moments) -> Floats:
    """Days from a moment's day to that of the ask; 0 for the clock of a sender that is ahead."""
    passed = days_from_to(local_days(moments, cases.text(TIME_ZONE)), asked_day(cases))
    return np.maximum(passed, 0.0)
