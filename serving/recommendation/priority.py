"""Money at risk of a case, and the priority by which cases are ranked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.task import Task
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.policy.finding import bounded_ratio
from serving.policy.policy import CurrencyPolicy
from serving.tasks.supplier_delay.rules import outstanding_quantity

Record = Mapping[str, Any]


@dataclass(frozen=True)
class MoneyAtRisk:
    """Money at risk in the case's currency (missing if unknown), and how it was made."""

    amount: float | None
    currency: str
    how: str


def assess_money_at_risk(task: Task, case: Record) -> MoneyAtRisk:
    """Money at risk as the case states it, or computed from what it holds."""
    currency = str(case["currency"] or "")
    if case["money_at_risk"] is not None:
        return MoneyAtRisk(case["money_at_risk"], currency, "as given with the case")
    amount, how = _compute_amount(task, case)
    if amount is None:
        return MoneyAtRisk(None, currency, f"not known: {how} needs values that are missing")
    return MoneyAtRisk(amount, currency, how)


def compute_priority(
    probability: float, risk: MoneyAtRisk, money: CurrencyPolicy, weight: str = "probability"
) -> tuple[float, str]:
    """Probability x money at risk in the reporting currency, and that formula in words.

    weight: what the probability is called in it.
    """
    if risk.amount is None:
        return 0.0, "money at risk is not known: ranked last"
    rate = money.rates.get(risk.currency, 1.0)
    known = risk.currency in money.rates
    unit = f"{risk.currency or 'no currency'} at {rate:g} {money.reporting_currency}"
    note = "" if known else " (no rate in the policy)"
    return probability * risk.amount * rate, f"{weight} x money at risk, {unit}{note}"


def _compute_amount(task: Task, case: Record) -> tuple[float | None, str]:
    match task.name:
        case STOCK_RISK.name:
            how = f"unit cost x average demand a day x {task.horizon_days} days"
            return _product(case["unit_cost"], case["average_demand"], task.horizon_days), how
        case INVOICE_MISMATCH.name:
            return abs(case["line_amount"]), "net amount of the invoice line"
        case SUPPLIER_DELAY.name:
            return _open_value(case), "value of what is still to be received"
        case _:
            raise ValueError(f"no task {task.name!r}")


def _open_value(case: Record) -> float | None:
    ordered, out = case["quantity_ordered"], outstanding_quantity(case)
    if case["line_value"] is not None and ordered > 0:
        return bounded_ratio(case["line_value"] * out, ordered)
    return _product(case["po_unit_price"], out)


def _product(*factors: float | None) -> float | None:
    result = 1.0
    for factor in factors:
        if factor is None:
            return None
        result *= factor
    return result
