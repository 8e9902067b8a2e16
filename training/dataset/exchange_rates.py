"""Exchange rates of asks, as the service completes a case that states none."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from data.contracts.exchange_rates import (
    CURRENCY,
    EXCHANGE_RATE,
    EXCHANGE_RATE_AT,
    EXCHANGE_RATES,
    REPORTING_CURRENCY,
)
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Kind
from data.store import Store
from training.dataset.asks import Asks, column_values


@dataclass
class _Rates:
    """Rates of one currency in the order of their days; of one day the latest known is last."""

    valid_from: list[np.datetime64] = field(default_factory=list)
    known: list[np.datetime64] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)

    def place(self, asked_at: np.datetime64, as_of: np.datetime64) -> int:
        """Return the place of the latest rate that was valid and known; -1 without one."""
        place = bisect_right(self.valid_from, asked_at) - 1
        while place >= 0 and self.known[place] >= as_of:
            place -= 1
        return place


def fill_exchange_rates(asks: Asks, store: Store, reporting: str) -> Asks:
    """Fill the rate of each ask's currency and its day, where the table has one.

    A rate counts when it was valid at the moment of asking and known before that day, which is
    what the service's profiles hold. What an ask states stays, and so does an unknown currency.

    Args:
        asks: of any task; one whose cases have no exchange rate is returned as it is.
        store: with the table of rates.
        reporting: currency that the rates are in, ISO 4217.
    """
    if EXCHANGE_RATE not in asks.frame or CURRENCY not in asks.frame:
        return asks
    rates = _rates_by_currency(store, reporting)
    rate = column_values(asks.frame[EXCHANGE_RATE], Kind.NUMBER).copy()
    day = column_values(asks.frame[EXCHANGE_RATE_AT], Kind.MOMENT).copy()
    currency, asked, as_of = asks.text(CURRENCY), asks.asked_at, asks.as_of
    for row in np.flatnonzero(np.isnan(rate) & np.isnat(day)):
        known = rates.get(currency[row])
        if known and (place := known.place(asked[row], as_of[row])) >= 0:
            rate[row], day[row] = known.rate[place], known.valid_from[place]
    frame = asks.frame.copy(deep=False)
    frame[EXCHANGE_RATE] = rate
    frame[EXCHANGE_RATE_AT] = pd.Series(day, index=frame.index).dt.tz_localize("UTC")
    return replace(asks, frame=frame)


def _rates_by_currency(store: Store, reporting: str) -> dict[str, _Rates]:
    table = store.versions(EXCHANGE_RATES.name)
    frame = table.filter(table[REPORTING_CURRENCY] == reporting).to_pandas()
    frame = frame.sort_values([HAPPENED_AT, KNOWN_AT], kind="stable")
    rates: dict[str, _Rates] = defaultdict(_Rates)
    for currency, valid, known, rate in zip(
        frame[CURRENCY],
        column_values(frame[HAPPENED_AT], Kind.MOMENT),
        column_values(frame[KNOWN_AT], Kind.MOMENT),
        frame[EXCHANGE_RATE],
        strict=True,
    ):
        of = rates[currency]
        of.valid_from.append(valid)
        of.known.append(known)
        of.rate.append(rate)
    return dict(rates)
