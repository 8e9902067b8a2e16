"""Phrases of sentences: counts with their nouns, days, quantities and prices as they are written."""

from datetime import date
from decimal import Decimal

import pytest

from serving.recommendation.wording import (
    days_apart,
    delay_phrase,
    format_price,
    format_quantity,
    format_share,
    percent,
    plural,
    short_date,
)

WRITTEN = [
    (plural(1, "invoice"), "1 invoice"),
    (plural(0, "day"), "0 days"),
    (plural(1200, "piece"), "1,200 pieces"),
    (plural(2, "ship notice of it", "ship notices of it"), "2 ship notices of it"),
    (days_apart(-24), "24 days before"),
    (days_apart(0), "same day"),
    (days_apart(1), "1 day after"),
    (delay_phrase(-0.4), "on time"),
    (delay_phrase(1.4), "1 day late"),
    (delay_phrase(-2.0), "2 days early"),
    (format_quantity(0.1 + 0.2), "0.3"),
    (format_quantity(1234.5), "1,234.5"),
    (format_quantity(-0.0), "0"),
    (format_quantity(-0.0001), "0"),
    (format_quantity(1e20), "100,000,000,000,000,000,000"),
    (format_price(24.88), "24.88"),
    (format_price(0.0374), "0.0374"),
    (format_price(25), "25.00"),
    (format_price(Decimal("248.8189")), "248.8189"),
    (format_share(0.07), "7%"),
    (format_share(0.025), "2.5%"),
    (percent(0.004), "under 1%"),
    (percent(0.996), "over 99%"),
    (percent(0.34), "34%"),
]


@pytest.mark.parametrize(("got", "written"), WRITTEN)
def test_phrases_are_written_as_the_trade_does(got, written):
    assert got == written


@pytest.mark.parametrize(
    ("day", "written"),
    [(date(2026, 9, 30), "30 Sep"), (date(2027, 1, 2), "2 Jan 2027")],
)
def test_a_day_has_its_year_only_where_that_is_another(day, written):
    assert short_date(day, date(2026, 9, 1)) == written
