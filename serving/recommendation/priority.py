"""Money at risk of a case, and the priority by which cases are ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from serving.policy.finding import Finding
from serving.policy.sections import CurrencyPolicy
from serving.recommendation.advised_task import AdvisedTask, Record


@dataclass(frozen=True)
class MoneyAtRisk:
    """Money at risk in the case's currency, None where unknown. how: the formula in words."""

    amount: float | None
    currency: str
    how: str


def assess_money_at_risk(
    task: AdvisedTask, case: Record, findings: Sequence[Finding]
) -> MoneyAtRisk:
    """Return the money at risk that the case states, else what the task computes from it."""
    currency = str(case["currency"] or "")
    if case["money_at_risk"] is not None:
        return MoneyAtRisk(case["money_at_risk"], currency, "as given with the case")
    amount, how = task.amount_at_risk(case, findings)
    if amount is None:
        return MoneyAtRisk(None, currency, f"not known: {how} needs values that are missing")
    return MoneyAtRisk(amount, currency, how)


def compute_priority(
    probability: float, risk: MoneyAtRisk, money: CurrencyPolicy, weight: str = "probability"
) -> tuple[float, str]:
    """Return probability x money at risk in the reporting currency, and that formula in words.

    Args:
        probability: of an exception; 1.0 where only a rule found something.
        risk: money at risk of the case.
        money: exchange rates; a currency without one counts as the reporting currency.
        weight: name of the probability in the formula.
    """
    if risk.amount is None:
        return 0.0, "money at risk is not known: ranked last"
    rate = money.rates.get(risk.currency, 1.0)
    known = risk.currency in money.rates
    unit = f"{risk.currency or 'no currency'} at {rate:g} {money.reporting_currency}"
    note = "" if known else " (no rate in the policy)"
    return probability * risk.amount * rate, f"{weight} x money at risk, {unit}{note}"


def multiply_known(*factors: float | None) -> float | None:
    """Multiply the factors; None where one of them is missing."""
    product = 1.0
    for factor in factors:
        if factor is None:
            return None
        product *= factor
    return product
