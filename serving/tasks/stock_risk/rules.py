"""Rules of a site-item: free stock, projected balance, receipts that are no cover."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from models.tasks.stock_risk import STOCK_RISK
from serving.policy.finding import NOT_COMPUTED, Finding, format_amount
from serving.policy.policy import Policy

Case = Mapping[str, Any]


class StockFinding(StrEnum):
    """Codes of what the rules find."""

    OUT_OF_STOCK = "OUT_OF_STOCK"
    PROJECTED_SHORTAGE = "PROJECTED_SHORTAGE"
    BELOW_SAFETY_STOCK = "BELOW_SAFETY_STOCK"
    RECEIPT_AFTER_HORIZON = "RECEIPT_AFTER_HORIZON"
    RECEIPT_OVERDUE = "RECEIPT_OVERDUE"


def stock_risk_findings(case: Case, policy: Policy, asked_at: datetime) -> list[Finding]:
    """Check the stock now, the balance at the horizon, and receipts that are no cover."""
    role, horizon_days = policy.roles[STOCK_RISK.name], STOCK_RISK.horizon_days
    horizon = asked_at + timedelta(days=horizon_days)
    return [
        *check_free_stock(case, role),
        *check_projected_balance(case, role, horizon, horizon_days),
        *check_receipt_dates(case, role, asked_at, horizon),
    ]


def check_free_stock(case: Case, role: str) -> Iterator[Finding]:
    """Find that no stock is free now."""
    free = case["on_hand"] - (case["backordered"] or 0)
    if free <= 0:
        says = (
            f"Nothing is free now: {format_amount(case['on_hand'])} on hand, "
            f"{format_amount(case['backordered'] or 0)} owed to customers."
        )
        yield Finding(
            code=StockFinding.OUT_OF_STOCK,
            sentence=says,
            measured=free,
            limit=0.0,
            unit="base units",
            role=role,
        )


def check_projected_balance(
    case: Case, role: str, horizon: datetime, days: int
) -> Iterator[Finding]:
    """Find a projected balance at the horizon below zero or below safety stock."""
    if case["average_demand"] is None:
        says = "The projected balance was not computed: the average demand was not given."
        yield Finding(code=NOT_COMPUTED, sentence=says, role=role)
        return
    balance = projected_balance(case, horizon, days)
    safety = case["safety_stock"]
    if balance < 0:
        code, limit, than = StockFinding.PROJECTED_SHORTAGE, 0.0, "below zero"
    elif safety is not None and balance < safety:
        code, limit, than = (
            StockFinding.BELOW_SAFETY_STOCK,
            safety,
            f"below safety stock {format_amount(safety)}",
        )
    else:
        return
    says = (
        f"In {days} days the balance is {format_amount(balance)}, {than}: on hand - owed + "
        "receipts promised "
        f"by {horizon:%Y-%m-%d} - {format_amount(case['average_demand'])} a day."
    )
    yield Finding(
        code=code, sentence=says, measured=balance, limit=limit, unit="base units", role=role
    )


def projected_balance(case: Case, horizon: datetime, days: int) -> float:
    """Return on hand - owed + receipts promised by the horizon - demand, in base units."""
    covered = sum(
        row["quantity_open"] or 0
        for row in case["scheduled_receipts"]
        if row["promised_at"] is not None and row["promised_at"] <= horizon
    )
    return float(
        case["on_hand"] - (case["backordered"] or 0) + covered - days * case["average_demand"]
    )


def check_receipt_dates(
    case: Case, role: str, asked_at: datetime, horizon: datetime
) -> Iterator[Finding]:
    """Find receipts promised after the horizon, which are no cover, and overdue ones."""
    dated = [row for row in case["scheduled_receipts"] if row["promised_at"] is not None]
    late = [row for row in dated if row["promised_at"] > horizon]
    if late:
        quantity = sum(row["quantity_open"] or 0 for row in late)
        first = min(row["promised_at"] for row in late)
        says = (
            f"{format_amount(quantity)} on order come after {horizon:%Y-%m-%d} "
            f"(first on {first:%Y-%m-%d}): no cover."
        )
        yield Finding(
            code=StockFinding.RECEIPT_AFTER_HORIZON,
            sentence=says,
            measured=quantity,
            unit="base units",
            role=role,
        )
    overdue = [row for row in dated if row["promised_at"] < asked_at]
    if overdue:
        quantity = sum(row["quantity_open"] or 0 for row in overdue)
        says = (
            f"{format_amount(quantity)} on order are past their promise and still counted as cover."
        )
        yield Finding(
            code=StockFinding.RECEIPT_OVERDUE,
            sentence=says,
            measured=quantity,
            unit="base units",
            role=role,
        )
