"""Sentences about a site-item: its name, its stock, what is due, and what is expected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from data.contracts.purchase_orders import LineState
from data.decimals import ZERO
from models.tasks.stock_risk import STOCK_RISK
from serving.policy.finding import Finding
from serving.policy.policy import Policy
from serving.recommendation.advised_task import Record
from serving.recommendation.score import Score
from serving.recommendation.wording import EVEN, certainty_phrase, format_quantity, short_date
from serving.tasks.stock_risk.projection import Projection, ScheduledReceipt

CENT = Decimal("0.01")
NAMED_RECEIPTS = 2  # that a sentence names
STATES = {LineState.CANCELLED: "cancelled", LineState.CLOSED_SHORT: "closed short"}


def case_name(case: Record) -> str:
    """Name an item at a site, with the names that were stated."""
    item, site = (_named(case, f"{one}_id", f"{one}_name") for one in ("item", "site"))
    return f"item {item} at site {site}"


def expectation(case: Record, score: Score, findings: Sequence[Finding], policy: Policy) -> str:
    """Say whether the site is expected to run out of the item within the horizon."""
    del findings, policy
    will = "Expected to run out" if score.probability >= EVEN else "Not expected to run out"
    within = f"within {STOCK_RISK.horizon_days} days"
    return f"{will} {within}: {case_name(case)} ({certainty_phrase(score)})."


def quantity(value: Decimal) -> str:
    """Write a computed quantity with two decimals at most; three where two would show none."""
    rounded = value.quantize(CENT, ROUND_HALF_UP)
    return format_quantity(rounded or value)


def day_name(day: date, today: date) -> str:
    """Write a day as "2 Oct", or "today"."""
    return "today" if day == today else short_date(day, today)


def stock_phrase(projection: Projection) -> str:
    """Write the stock now: "20 on hand", "20 on hand, 5 backordered"."""
    stock = f"{quantity(projection.on_hand)} on hand"
    owed = f", {quantity(projection.owed)} backordered" if projection.owed else ""
    return f"{stock}{owed}"


def receipt_phrase(receipt: ScheduledReceipt, today: date) -> str:
    """Write a receipt and its day: "230 due 2 Oct", "149 overdue since 20 Sep"."""
    amount = quantity(receipt.quantity)
    if receipt.day is None:
        return f"{amount} on order without a date"
    if receipt.day < today:
        return f"{amount} overdue since {short_date(receipt.day, today)}"
    return f"{amount} due {day_name(receipt.day, today)}"


def supply_phrase(projection: Projection) -> str:
    """Write what is due, else what is overdue or without a date, and what will not come."""
    return ", ".join(_supply_parts(projection))


def out_of_stock_sentence(projection: Projection) -> str:
    """Say that nothing is free now, what is due, and what is left at the end of the horizon."""
    if projection.on_hand > 0:
        now = f"Nothing free now: {stock_phrase(projection)}"
    else:
        owed = f", {quantity(projection.owed)} owed" if projection.owed else ""
        now = f"Out of stock now{owed}"
    return ", ".join([now, supply_phrase(projection), *_end_parts(projection)]) + "."


def shortage_sentence(projection: Projection) -> str:
    """Say from when the balance is below zero, by how much, and what is due."""
    short = projection.days_below(ZERO, since=1)
    left, worst = projection.lowest
    at_worst = f"up to {quantity(-left)} short by {_day(projection, worst)}"
    if projection.free <= 0 and short[0] == 1:
        again = [number for number in range(1, projection.days + 1) if number not in short]
        until = f"until {_day(projection, again[0])}" if again else f"for {projection.days} days"
        return f"Stays out of stock {until}: {at_worst}; {supply_phrase(projection)}."
    return (
        f"Runs out about {_day(projection, short[0])}: {_demand_phrase(projection)}; "
        f"{supply_phrase(projection)}; {at_worst}."
    )


def below_safety_sentence(projection: Projection, safety: Decimal) -> str:
    """Say from when the balance is below safety stock, and how low it gets."""
    first = projection.days_below(safety)[0]
    left, worst = projection.lowest
    since = "now" if first == 0 else f"from {_day(projection, first)}"
    return (
        f"Below the safety stock of {quantity(safety)} {since}: {_demand_phrase(projection)}; "
        f"{supply_phrase(projection)}; lowest {quantity(left)} on {_day(projection, worst)}."
    )


def _named(case: Record, key: str, name: str) -> str:
    stated = case.get(name)
    return f"{case[key]} ({stated})" if stated else str(case[key])


def _day(projection: Projection, number: int) -> str:
    return short_date(projection.day(number), projection.today)


def _demand_phrase(projection: Projection) -> str:
    return f"{stock_phrase(projection)} at {quantity(projection.demand or ZERO)} a day"


def _supply_parts(projection: Projection) -> Iterator[str]:
    named = (projection.due or projection.overdue)[:NAMED_RECEIPTS]
    yield from (receipt_phrase(one, projection.today) for one in named)
    if (more := len(projection.due) - NAMED_RECEIPTS) > 0:
        yield f"{more} more {'receipt' if more == 1 else 'receipts'} later"
    if not named and projection.undated:
        yield f"{quantity(projection.undated)} on order without a date"
    elif not named:
        yield "nothing on order"
    for state, words in STATES.items():
        ended = sum((one.quantity for one in projection.ended if one.state is state), ZERO)
        if ended:
            yield f"{quantity(ended)} {words}"


def _end_parts(projection: Projection) -> Iterator[str]:
    if not projection.balances:
        return
    left = projection.balances[-1]
    if projection.demand == 0 and left == 0:
        yield "no demand"
    else:
        yield f"{quantity(abs(left))} {'short' if left < 0 else 'left'} in {projection.days} days"
