"""Rules of a site-item: free stock, balance day by day, receipts that are no cover."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from data.decimals import ZERO, decimal_of
from models.tasks.stock_risk import STOCK_RISK
from serving.policy.finding import NOT_COMPUTED, Finding
from serving.policy.policy import Policy
from serving.recommendation.wording import short_date
from serving.tasks.stock_risk.projection import Case, Projection, project
from serving.tasks.stock_risk.wording import (
    below_safety_sentence,
    out_of_stock_sentence,
    quantity,
    shortage_sentence,
)

NO_DEMAND = "The projected balance was not computed: the average demand was not given."


class StockFinding(StrEnum):
    """Codes of what the rules find."""

    OUT_OF_STOCK = "OUT_OF_STOCK"
    PROJECTED_SHORTAGE = "PROJECTED_SHORTAGE"
    BELOW_SAFETY_STOCK = "BELOW_SAFETY_STOCK"
    RECEIPT_AFTER_HORIZON = "RECEIPT_AFTER_HORIZON"
    RECEIPT_OVERDUE = "RECEIPT_OVERDUE"


def stock_risk_findings(case: Case, policy: Policy, asked_at: datetime) -> list[Finding]:
    """Check the stock now, the balance day by day, and receipts that are no cover.

    A receipt that is no cover informs where the stock lasts without it, and flags where not.
    """
    role = policy.roles[STOCK_RISK.name]
    projection = project(case, asked_at, STOCK_RISK.horizon_days)
    stock = [
        *check_free_stock(projection, role),
        *check_balances(projection, case["safety_stock"], role),
    ]
    short = any(finding.code != NOT_COMPUTED for finding in stock)
    return [*stock, *check_receipt_dates(projection, role, flags=short)]


def check_free_stock(projection: Projection, role: str) -> Iterator[Finding]:
    """Find that no stock is free now."""
    if projection.free <= 0:
        sentence = out_of_stock_sentence(projection)
        yield _finding(StockFinding.OUT_OF_STOCK, sentence, role, projection.free, ZERO)


def check_balances(projection: Projection, safety: float | None, role: str) -> Iterator[Finding]:
    """Find a day after today with a balance below zero, else any day below safety stock."""
    if not projection.balances:
        yield Finding(code=NOT_COMPUTED, sentence=NO_DEMAND, role=role)
        return
    lowest, _ = projection.lowest
    level = None if safety is None else decimal_of(safety)
    if projection.days_below(ZERO, since=1):
        sentence = shortage_sentence(projection)
        yield _finding(StockFinding.PROJECTED_SHORTAGE, sentence, role, lowest, ZERO)
    elif projection.free > 0 and level is not None and projection.days_below(level):
        sentence = below_safety_sentence(projection, level)
        yield _finding(StockFinding.BELOW_SAFETY_STOCK, sentence, role, lowest, level)


def check_receipt_dates(projection: Projection, role: str, *, flags: bool) -> Iterator[Finding]:
    """Find receipts promised after the horizon, and overdue ones: neither is cover."""
    today, last_day = projection.today, projection.last_day
    late = [(one.quantity, one.day) for one in projection.due if one.day and one.day > last_day]
    if late:
        total, first = sum((amount for amount, _ in late), ZERO), min(day for _, day in late)
        says = (
            f"{quantity(total)} due only after {short_date(last_day, today)}, first on "
            f"{short_date(first, today)}: no cover within {projection.days} days."
        )
        yield _finding(StockFinding.RECEIPT_AFTER_HORIZON, says, role, total, flags=flags)
    overdue = [(one.quantity, one.day) for one in projection.overdue if one.day]
    if overdue:
        total, first = sum((amount for amount, _ in overdue), ZERO), overdue[0][1]
        says = (
            f"{quantity(total)} overdue since {short_date(first, today)}: not counted as cover "
            "until there is a new date."
        )
        yield _finding(StockFinding.RECEIPT_OVERDUE, says, role, total, flags=flags)


def _finding(
    code: StockFinding,
    sentence: str,
    role: str,
    measured: Decimal,
    limit: Decimal | None = None,
    *,
    flags: bool = True,
) -> Finding:
    return Finding(
        code=code,
        sentence=sentence,
        measured=float(measured),
        limit=None if limit is None else float(limit),
        unit="base units",
        role=role,
        flags=flags,
    )
