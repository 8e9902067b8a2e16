"""Projected balance of a site-item, day by day at the site.

A promise is a day, and the horizon holds its last day. A receipt that is overdue has no date until
there is a new one, and nothing more comes on a line that is cancelled or closed: neither is cover.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from data.calendar_days import local_day, promise_day
from data.contracts.purchase_orders import LineState
from data.decimals import ZERO, decimal_of, sum_decimals
from data.free_stock import free_stock, owed_quantity
from features.tasks.stock_risk.quantities import NO_COVER, NO_PROMISE_DAYS

Case = Mapping[str, Any]


class ScheduledReceipt(NamedTuple):
    """Open quantity of an order line. day: promised at the site; None without a date."""

    quantity: Decimal
    day: date | None
    state: LineState


@dataclass(frozen=True)
class Projection:
    """Stock of an item at a site, what is due, and what is left on each day.

    Attributes:
        today: day at the site when it was asked.
        days: of the horizon after today.
        on_hand, owed, free: stock now, see `data.free_stock`.
        demand: average a day; None where it is not stated.
        due: dated for today or later, by day; those after the horizon too.
        overdue: dated before today, by day.
        undated: on order without a date.
        ended: on lines that are cancelled or closed short.
    """

    today: date
    days: int
    on_hand: Decimal
    owed: Decimal
    free: Decimal
    demand: Decimal | None
    due: tuple[ScheduledReceipt, ...]
    overdue: tuple[ScheduledReceipt, ...]
    undated: Decimal
    ended: tuple[ScheduledReceipt, ...]

    @property
    def last_day(self) -> date:
        """Last day of the horizon."""
        return self.today + timedelta(days=self.days)

    def day(self, number: int) -> date:
        """Return the day so many days from today."""
        return self.today + timedelta(days=number)

    @cached_property
    def balances(self) -> tuple[Decimal, ...]:
        """Balance at the end of each day, today first; empty where demand is not stated.

        Receipts count on their day, demand from tomorrow on.
        """
        if self.demand is None:
            return ()
        return tuple(
            self.free + self._due_by(self.day(number)) - number * self.demand
            for number in range(self.days + 1)
        )

    def days_below(self, limit: Decimal, since: int = 0) -> list[int]:
        """List the days, counted from today, whose balance is below a limit."""
        return [
            number for number, left in enumerate(self.balances) if number >= since and left < limit
        ]

    @property
    def lowest(self) -> tuple[Decimal, int]:
        """Lowest balance and the first day of it; there has to be a balance."""
        left = min(self.balances)
        return left, self.balances.index(left)

    def with_receipt_on(self, receipt: ScheduledReceipt, day: date) -> Projection:
        """Return the projection if a receipt came on another day."""
        others = (one for one in self.due if one is not receipt)
        return replace(self, due=_by_day([*others, receipt._replace(day=day)]))

    def _due_by(self, day: date) -> Decimal:
        return sum((one.quantity for one in self.due if one.day and one.day <= day), ZERO)


def project(case: Case, asked_at: datetime, days: int) -> Projection:
    """Project the balance of a case over the days after the moment asked about."""
    today = local_day(asked_at, case["time_zone"])
    receipts = list(_receipts(case, today))
    coming = [one for one in receipts if one.state not in NO_COVER]
    dated = [one for one in coming if one.day is not None]
    demand, backordered = case["average_demand"], decimal_of(case["backordered"] or 0)
    on_hand = decimal_of(case["on_hand"])
    on_order = decimal_of(case["on_order"] or 0)
    return Projection(
        today=today,
        days=days,
        on_hand=on_hand,
        owed=owed_quantity(on_hand, backordered),
        free=free_stock(on_hand, backordered),
        demand=None if demand is None else decimal_of(demand),
        due=_by_day(one for one in dated if one.day and one.day >= today),
        overdue=_by_day(one for one in dated if one.day and one.day < today),
        undated=sum((one.quantity for one in coming if one.day is None), ZERO)
        if receipts
        else on_order,
        ended=tuple(one for one in receipts if one.state in NO_COVER),
    )


def _receipts(case: Case, today: date) -> Iterable[ScheduledReceipt]:
    for row in case["scheduled_receipts"]:
        quantity = sum_decimals([row["quantity_open"]])
        if quantity > 0:
            day = _promised_day(row["promised_at"], case["time_zone"], today)
            state = LineState(row.get("line_state") or LineState.OPEN)
            yield ScheduledReceipt(quantity, day, state)


def _promised_day(promised_at: datetime | None, zone: str | None, today: date) -> date | None:
    """Return the day at the site; None for a date that only stands for none."""
    if promised_at is None:
        return None
    day = promise_day(promised_at, zone)
    return None if (day - today).days > NO_PROMISE_DAYS else day


def _by_day(receipts: Iterable[ScheduledReceipt]) -> tuple[ScheduledReceipt, ...]:
    return tuple(sorted(receipts, key=lambda one: (one.day or date.max, one.quantity)))
