"""Which exchange rate an ask has: that of its currency on the day, as the service would find it."""

import pandas as pd
import pytest

from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from tests.spec.training.ask_tables import moment, store, task
from training.dataset.exchange_rates import fill_exchange_rates
from training.tasks.invoice_mismatch.asks import query_asks

MISMATCH = task(INVOICE_MISMATCH.name)
RATES = """
    currency | reporting_currency | exchange_rate | happened_at | known_at
    USD      | EUR                | 0.90          | 2026-01-01  | 2026-01-01
    USD      | EUR                | 0.95          | 2026-02-01  | 2026-02-01
    USD      | EUR                | 0.99          | 2026-02-09  | 2026-02-20
    USD      | EUR                | 0.97          | 2026-03-01  | 2026-02-01
    USD      | GBP                | 0.70          | 2026-02-01  | 2026-02-01
    EUR      | EUR                | 1             | 2026-01-01  | 2026-01-01
"""


@pytest.mark.parametrize(
    ("currency", "booked", "rate", "day"),
    [
        ("USD", "2026-02-10 10:00", 0.95, "2026-02-01"),  # the newest is known too late
        ("USD", "2026-02-21 10:00", 0.99, "2026-02-09"),
        ("USD", "2026-02-20 10:00", 0.95, "2026-02-01"),  # known on the day itself
        ("USD", "2026-02-01 10:00", 0.90, "2026-01-01"),
        ("USD", "2026-02-28 23:59", 0.99, "2026-02-09"),  # the next is known, not yet valid
        ("USD", "2026-03-01 00:00", 0.97, "2026-03-01"),
        ("USD", "2026-01-01 10:00", None, None),
        ("EUR", "2026-02-10 10:00", 1.0, "2026-01-01"),
        ("CHF", "2026-02-10 10:00", None, None),
        ("", "2026-02-10 10:00", None, None),
    ],
)
def test_the_latest_rate_counts_that_was_valid_and_known_before_the_day(
    currency, booked, rate, day
):
    invoices = f"""
        invoice_line_id | invoice_id | supplier_id | site_id | quantity_invoiced | line_amount | currency   | known_at
        a               | I1         | acme        | north   | 1                 | 10          | {currency} | {booked} """
    with store(invoices=invoices, exchange_rates=RATES) as lake:
        frame = fill_exchange_rates(query_asks(lake, MISMATCH), lake, "EUR").frame
    (found,), (found_day,) = frame["exchange_rate"], frame["exchange_rate_at"]
    assert (None if pd.isna(found) else found) == rate
    assert moment(found_day) == day
